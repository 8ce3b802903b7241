import { Writer } from "@platformatic/kafka";

/** Encoded record batches of one topic, at most one per partition. */
export interface TopicBatches {
  readonly name: string;
  readonly partitions: readonly { readonly index: number; readonly records: Buffer }[];
}

/**
 * The body of Produce v9 around batches that are encoded already; see ProduceRequest.json of Apache Kafka.
 */
export function createProduceRequest(
  acks: number,
  timeoutMs: number,
  topics: readonly TopicBatches[],
): Writer {
  return Writer.create()
    .appendString(null)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (topicWriter, topic) => {
      topicWriter.appendString(topic.name).appendArray([...topic.partitions], (writer, partition) => {
        writer.appendInt32(partition.index).appendBytes(partition.records);
      });
    })
    .appendTaggedFields();
}
