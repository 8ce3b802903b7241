import { decodeRequest, decodeResponse, encodeResponse } from "../protocol/codec.ts";
import { MalformedMessage, Reader, TruncatedMessage } from "../protocol/reader.ts";
import { api, array, int32, list, nullableBytes, nullableString, string } from "../protocol/schema.ts";
import { Writer } from "../protocol/writer.ts";

const topicPartitions = { topic: string(), partitions: list(int32()) };
const MAX_VERSION = 3;

/**
 * What clients of the classic protocol tell each other through the broker, in the bytes of JoinGroup and SyncGroup:
 * fields as in Apache Kafka's ConsumerProtocolSubscription.json and ConsumerProtocolAssignment.json.
 */
const protocol = api({
  key: -1,
  name: "ConsumerProtocol",
  versions: [0, MAX_VERSION],
  request: {
    topics: list(string()),
    userData: nullableBytes(),
    ownedPartitions: array(topicPartitions, "1+"),
    generationId: int32("2+", -1),
    rackId: nullableString("3+"),
  },
  response: {
    assignedPartitions: array(topicPartitions),
    userData: nullableBytes(),
  },
});

export interface NamedPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface Subscription {
  readonly version: number;
  readonly topics: readonly string[];
  readonly rackId: string | null;
  readonly owned: readonly NamedPartitions[];
  /** True if an assignor of the clients' own keeps something here, which the broker knows nothing of. */
  readonly hasUserData: boolean;
}

/**
 * The bytes are something else. Apache Kafka foresees those that have no version or end too early ("foreign"), and
 * stumbles over those that announce more than there is or less than nothing ("noise").
 */
export type Unreadable = "foreign" | "noise";

export function parseSubscription(bytes: Buffer): Subscription | Unreadable {
  return parsed(bytes, (version, reader) => {
    const { topics, userData, ownedPartitions, rackId } = decodeRequest(protocol, version, reader);
    const hasUserData = userData !== null && userData.length > 0;
    return { version, topics, rackId, owned: ownedPartitions, hasUserData };
  });
}

export function parseAssignment(bytes: Buffer): readonly NamedPartitions[] | Unreadable {
  // A member that was given nothing may have been given no bytes at all.
  if (bytes.length === 0) return [];
  return parsed(bytes, (version, reader) => decodeResponse(protocol, version, reader).assignedPartitions);
}

function parsed<T>(bytes: Buffer, read: (version: number, reader: Reader) => T): T | Unreadable {
  try {
    const reader = new Reader(bytes);
    const version = reader.int16();
    if (version < 0) return "foreign";
    return read(Math.min(version, MAX_VERSION), reader);
  } catch (error) {
    if (error instanceof TruncatedMessage) return "foreign";
    if (error instanceof MalformedMessage) return "noise";
    throw error;
  }
}

export function encodeAssignment(version: number, assignedPartitions: readonly NamedPartitions[]): Buffer {
  const writer = new Writer();
  writer.int16(version);
  encodeResponse(protocol, version, writer, { assignedPartitions, userData: null });
  return Buffer.concat(writer.finish());
}
