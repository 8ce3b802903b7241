import type { TopicPartition } from "@candlewick/contracts";

/**
 * The partitions in a member's assignment as members of the old protocol write it for one another
 * (ConsumerProtocolAssignment.json of Apache Kafka); none where the bytes are of another protocol.
 */
export function readAssignment(bytes: Buffer): TopicPartition[] {
  try {
    return readTopics(bytes);
  } catch (error) {
    // Connect and others keep something else in the same place.
    if (error instanceof RangeError) return [];
    throw error;
  }
}

const MAX_ITEMS = 100_000;

function readTopics(bytes: Buffer): TopicPartition[] {
  const partitions: TopicPartition[] = [];
  if (bytes.length === 0) return partitions;
  // Two bytes of version come first; later versions add fields at the end only.
  let at = 2;
  const count = (): number => {
    const value = bytes.readInt32BE(at);
    at += 4;
    if (value < 0 || value > MAX_ITEMS) throw new RangeError(`${value} items`);
    return value;
  };
  for (let topics = count(); topics > 0; topics--) {
    const length = bytes.readInt16BE(at);
    at += 2;
    if (length < 0 || at + length > bytes.length) throw new RangeError(`a name of ${length} bytes`);
    const topic = bytes.toString("utf8", at, at + length);
    at += length;
    for (let numbers = count(); numbers > 0; numbers--) {
      partitions.push({ topic, partition: bytes.readInt32BE(at) });
      at += 4;
    }
  }
  return partitions;
}
