import { produceV9, Writer } from "@platformatic/kafka";
import type { GatheredRequest } from "../cluster/gathered-request.ts";

/** Encoded record batches of one topic, at most one per partition. */
export interface TopicBatches {
  readonly name: string;
  readonly partitions: readonly { readonly index: number; readonly records: Buffer }[];
}

/** Produce v9 around batches that are encoded already; see ProduceRequest.json of Apache Kafka. */
export const PRODUCE: GatheredRequest<
  [acks: number, timeoutMs: number, topics: readonly TopicBatches[]],
  produceV9.ProduceResponse
> = { key: 0, version: 9, create: createProduceRequest, parse: produceV9.parseResponse };

function createProduceRequest(acks: number, timeoutMs: number, topics: readonly TopicBatches[]): Writer {
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
