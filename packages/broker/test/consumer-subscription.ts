import { Writer } from "../src/protocol/writer.ts";

/** ConsumerProtocolSubscription, version 1, as consumers of the classic protocol send it. */
export function subscriptionBytes(
  topics: readonly string[],
  owned: readonly { readonly topic: string; readonly partitions: readonly number[] }[] = [],
): Buffer {
  const writer = new Writer();
  const name = (text: string): void => {
    writer.int16(Buffer.byteLength(text));
    writer.string(text, Buffer.byteLength(text));
  };
  writer.int16(1);
  writer.int32(topics.length);
  for (const topic of topics) name(topic);
  writer.int32(-1);
  writer.int32(owned.length);
  for (const { topic, partitions } of owned) {
    name(topic);
    writer.int32(partitions.length);
    for (const partition of partitions) writer.int32(partition);
  }
  return Buffer.concat(writer.finish());
}
