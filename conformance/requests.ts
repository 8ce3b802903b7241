import type { fetch } from "../packages/broker/src/protocol/messages/fetch.ts";
import type { listOffsets } from "../packages/broker/src/protocol/messages/list-offsets.ts";
import type { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { type Encodable, NULL_UUID } from "../packages/broker/src/protocol/schema.ts";

type ProduceBody = Encodable<(typeof produce)["request"]>;
type FetchBody = Encodable<(typeof fetch)["request"]>;
type ListOffsetsBody = Encodable<(typeof listOffsets)["request"]>;

/** A produce request of one partition. */
export function oneBatch(
  name: string,
  records: Buffer | null,
  { index = 0, acks = -1, transactionalId = null as string | null, topicId = NULL_UUID } = {},
): ProduceBody {
  return {
    transactionalId,
    acks,
    timeoutMs: 10_000,
    topicData: [{ name, topicId, partitionData: [{ index, records }] }],
  };
}

interface FetchOptions {
  readonly partition?: number;
  readonly fetchOffset?: number;
  readonly topicId?: string;
  readonly isolationLevel?: number;
  readonly partitionMaxBytes?: number;
  readonly maxBytes?: number;
  readonly minBytes?: number;
  readonly maxWaitMs?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
}

/** A fetch request of one partition, without a session. */
export function oneFetch(topic: string, options: FetchOptions = {}): FetchBody {
  const { topicId = "AAAAAAAAAAAAAAAAAAAAAA", isolationLevel = 0, maxBytes = 1 << 20 } = options;
  const { maxWaitMs = 100, minBytes = 1, sessionId = 0, sessionEpoch = -1 } = options;
  const { partition = 0, fetchOffset = 0, partitionMaxBytes = 1 << 20, currentLeaderEpoch = -1 } = options;
  const { lastFetchedEpoch = -1 } = options;
  const wanted = { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch };
  const topics = [{ topic, topicId, partitions: [wanted] }];
  return { maxWaitMs, minBytes, maxBytes, isolationLevel, sessionId, sessionEpoch, topics };
}

/** Asks for one offset of one partition. */
export function oneOffset(
  name: string,
  timestamp: number,
  { partitionIndex = 0, isolationLevel = 0, currentLeaderEpoch = -1 } = {},
): ListOffsetsBody {
  const topics = [{ name, partitions: [{ partitionIndex, currentLeaderEpoch, timestamp }] }];
  return { replicaId: -1, isolationLevel, topics };
}
