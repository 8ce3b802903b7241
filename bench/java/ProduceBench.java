import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Measures Java's producer for docs/benchmarks.md: MODE BROKERS TOPIC COUNT CONCURRENCY. The messages are those
 * of bench/delivery/workload.ts; a first tenth warms up and is not counted. Prints the seconds as JSON.
 */
public final class ProduceBench {
  private static final int VALUE_BYTES = 1200;
  private static final int DISTINCT = 1000;
  private static final int KEYS = 200;

  public static void main(String[] args) throws Exception {
    String mode = args[0];
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[1]);
    settings.put("acks", "all");
    settings.put("enable.idempotence", "true");
    settings.put("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    settings.put("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    if (mode.equals("async-large")) {
      settings.put("batch.size", "1000000");
      settings.put("max.request.size", "10485760");
    }
    String topic = args[2];
    int count = Integer.parseInt(args[3]);
    int concurrency = Integer.parseInt(args[4]);
    byte[][] values = values();
    byte[][] keys = new byte[KEYS][];
    for (int i = 0; i < KEYS; i++) keys[i] = ("key-" + i).getBytes();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
      run(mode, producer, topic, keys, values, count / 10, concurrency);
      double seconds = run(mode, producer, topic, keys, values, count, concurrency);
      System.out.println("{\"seconds\":" + seconds + "}");
    }
  }

  private static double run(
      String mode,
      KafkaProducer<byte[], byte[]> producer,
      String topic,
      byte[][] keys,
      byte[][] values,
      int count,
      int concurrency)
      throws Exception {
    AtomicReference<Exception> failure = new AtomicReference<>();
    long began = System.nanoTime();
    if (mode.startsWith("async")) {
      CountDownLatch acknowledged = new CountDownLatch(count);
      for (int i = 0; i < count; i++) {
        producer.send(
            new ProducerRecord<>(topic, keys[i % KEYS], values[i % DISTINCT]),
            (place, error) -> {
              if (error != null) failure.set(error);
              acknowledged.countDown();
            });
      }
      acknowledged.await();
    } else {
      AtomicInteger next = new AtomicInteger();
      Thread[] threads = new Thread[concurrency];
      for (int t = 0; t < concurrency; t++) {
        threads[t] =
            new Thread(
                () -> {
                  try {
                    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                      producer.send(new ProducerRecord<>(topic, keys[i % KEYS], values[i % DISTINCT])).get();
                    }
                  } catch (Exception error) {
                    failure.set(error);
                  }
                });
        threads[t].start();
      }
      for (Thread thread : threads) thread.join();
    }
    if (failure.get() != null) throw failure.get();
    return (System.nanoTime() - began) / 1e9;
  }

  private static byte[][] values() {
    byte[][] values = new byte[DISTINCT][];
    for (int i = 0; i < DISTINCT; i++) {
      values[i] = new byte[VALUE_BYTES];
      for (int j = 0; j < VALUE_BYTES; j++) values[i][j] = (byte) (32 + (i * 31 + j * 7 + (j * i) % 13) % 90);
    }
    return values;
  }
}
