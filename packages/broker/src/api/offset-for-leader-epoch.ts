import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { offsetForLeaderEpoch as api } from "../protocol/messages/offset-for-leader-epoch.ts";
import { LEADER_EPOCH } from "../storage/partition-log.ts";
import { leaderEpochError } from "./fetch.ts";
import { type Handler, serve } from "./handler.ts";

/** OffsetForLeaderEpoch, versions 2 to 4: where an epoch ends; there is one epoch, and it has not ended. */
export const offsetForLeaderEpoch: Handler = serve(api, (request, { topics, access }) => ({
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
      // Whoever may do the cluster's own work may ask for any topic.
      if (!access.cluster(Operation.CLUSTER_ACTION) && !access.topic(Operation.DESCRIBE, topic)) {
        return { partition, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
      }
      const log = topics.partition(topic, partition);
      if (log === undefined) return { partition, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
      const errorCode = leaderEpochError(currentLeaderEpoch);
      if (errorCode !== ErrorCode.NONE) return { partition, errorCode };
      if (leaderEpoch !== LEADER_EPOCH) return { partition, errorCode: ErrorCode.NONE };
      return { partition, errorCode: ErrorCode.NONE, leaderEpoch, endOffset: log.highWatermark };
    }),
  })),
}));
