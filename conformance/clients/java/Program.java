import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A program around the Java client that does what ../README.md lists. */
public final class Program {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration POLL = Duration.ofMillis(200);

    private final JsonNode task;
    private final String topic;

    private Program(JsonNode task) {
        this.task = task;
        this.topic = task.path("topic").asText();
    }

    public static void main(String[] args) throws Exception {
        Program program = new Program(JSON.readTree(args[1]));
        switch (args[0]) {
            case "produce" -> program.produce();
            case "consume" -> program.consume();
            case "member" -> program.member();
            case "transact" -> program.transact();
            case "zombie" -> program.zombie();
            case "count" -> Counting.run(program.task);
            default -> throw new IllegalArgumentException("no command " + args[0]);
        }
    }

    private static synchronized void report(String name, Object value) {
        report(java.util.Collections.singletonMap(name, value));
    }

    private static synchronized void report(Map<String, ?> line) {
        System.out.println(JSON.valueToTree(line));
    }

    private static void report(ConsumerRecord<String, String> record) {
        report(Map.of("value", record.value(), "partition", record.partition(), "offset", record.offset()));
    }

    private KafkaProducer<String, String> connectProducer(Map<String, String> options) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", task.get("brokers").asText());
        settings.put("client.id", "conformance-" + System.nanoTime());
        settings.put("linger.ms", "20");
        settings.put("compression.type", task.path("codec").asText("none"));
        settings.putAll(options);
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    private void send(KafkaProducer<String, String> producer, String prefix, int count) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            sent.add(producer.send(new ProducerRecord<>(topic, Integer.toString(index), prefix + "-" + index)));
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    private void produce() throws Exception {
        int count = task.get("count").asInt();
        try (KafkaProducer<String, String> producer = connectProducer(Map.of())) {
            send(producer, task.get("prefix").asText(), count);
        }
        report("produced", count);
    }

    private KafkaConsumer<String, String> connectConsumer(Map<String, String> options) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", task.get("brokers").asText());
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        settings.put("fetch.max.wait.ms", "200");
        settings.putAll(options);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private void consume() {
        String level = task.get("readCommitted").asBoolean() ? "read_committed" : "read_uncommitted";
        String until = task.get("until").asText();
        try (KafkaConsumer<String, String> consumer = connectConsumer(Map.of("isolation.level", level))) {
            List<TopicPartition> all = List.of(new TopicPartition(topic, 0));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                    report(record);
                    if (record.value().equals(until)) {
                        return;
                    }
                }
            }
        }
    }

    private void member() throws Exception {
        Map<String, String> options = task.get("protocol").asText().equals("consumer")
            ? Map.of("group.protocol", "consumer")
            : Map.of("heartbeat.interval.ms", "500", "session.timeout.ms", "30000");
        Map<String, String> named = new java.util.HashMap<>(options);
        named.put("group.id", task.get("group").asText());
        try (KafkaConsumer<String, String> consumer = connectConsumer(named)) {
            consumer.subscribe(List.of(topic), new Ownership());
            while (System.in.available() == 0) {
                ConsumerRecords<String, String> records = consumer.poll(POLL);
                if (!records.isEmpty()) {
                    consumer.commitSync();
                    records.forEach(Program::report);
                }
            }
        }
    }

    /** Reports what a member owns whenever that changes. */
    private static final class Ownership implements ConsumerRebalanceListener {
        private final TreeSet<Integer> owned = new TreeSet<>();

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            partitions.forEach(partition -> owned.add(partition.partition()));
            report("assigned", List.copyOf(owned));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            partitions.forEach(partition -> owned.remove(partition.partition()));
            report("assigned", List.copyOf(owned));
        }
    }

    private KafkaProducer<String, String> connectTransactional() {
        KafkaProducer<String, String> producer = connectProducer(Map.of("transactional.id", task.get("id").asText()));
        producer.initTransactions();
        return producer;
    }

    private void transact() throws Exception {
        try (KafkaProducer<String, String> producer = connectTransactional()) {
            producer.beginTransaction();
            send(producer, task.get("prefix").asText(), task.get("count").asInt());
            if (task.get("commit").asBoolean()) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
    }

    private void zombie() throws Exception {
        KafkaProducer<String, String> first = connectTransactional();
        first.beginTransaction();
        send(first, "zombie", 1);
        try (KafkaProducer<String, String> second = connectTransactional()) {
            second.beginTransaction();
            send(second, "successor", 1);
            second.commitTransaction();
        }
        try {
            first.commitTransaction();
            report("fenced", null);
        } catch (KafkaException error) {
            report("fenced", error.toString());
        }
        first.close(Duration.ZERO);
    }
}
