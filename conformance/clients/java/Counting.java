import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/** Counts records by their keys, exactly once, with Kafka Streams, until it is asked to stop. */
final class Counting {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Counting() {}

    static void run(JsonNode task) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", task.get("brokers").asText());
        settings.put("application.id", task.get("id").asText());
        settings.put("state.dir", task.get("stateDir").asText());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "100");
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
        settings.put("session.timeout.ms", "6000");
        settings.put("heartbeat.interval.ms", "500");
        settings.put("auto.offset.reset", "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(task.get("topic").asText(), Consumed.with(Serdes.String(), Serdes.String()))
            // Through a topic of its own, so that two transactions stand between a record and its count.
            .map((key, value) -> org.apache.kafka.streams.KeyValue.pair(key, value))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .count(Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
            .toStream()
            .mapValues((key, count) -> key + "=" + count)
            .to(task.get("counts").asText(), Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setStateListener((now, before) ->
            System.out.println(JSON.valueToTree(Map.of("state", now.toString()))));
        streams.start();
        System.in.read();
        streams.close();
    }
}
