import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { alterReplicaLogDirs as api } from "../protocol/messages/alter-replica-log-dirs.ts";
import { lastOfEach } from "./distinct.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

/** AlterReplicaLogDirs, versions 1 to 2: there is one folder, and everything is in it. */
export const alterReplicaLogDirs: Handler = serve(api, ({ dirs }, context) => {
  const wanted = dirs.flatMap(({ path, topics }) =>
    topics.flatMap(({ name, partitions }) =>
      partitions.map((partitionIndex) => ({ path, name, partitionIndex })),
    ),
  );
  const byTopic = Map.groupBy(wanted, ({ name }) => name);
  return {
    results: [...byTopic].map(([topicName, moves]) => ({
      topicName,
      partitions: lastOfEach(moves, ({ partitionIndex }) => partitionIndex).map(
        ({ path, partitionIndex }) => ({
          partitionIndex,
          errorCode: move(path, topicName, partitionIndex, context),
        }),
      ),
    })),
  };
});

/** What a folder may be called at most. */
const MAX_NAME_LENGTH = 255;
const FUTURE_SUFFIX_LENGTH = ".".length + 32 + "-future".length;

/** Apache Kafka moves a partition through a folder with a longer name, which a long topic leaves no room for. */
function futureFolderLength(topic: string, partition: number): number {
  return `${topic}-${partition}`.length + FUTURE_SUFFIX_LENGTH;
}

function move(path: string, topic: string, partition: number, context: RequestContext): ErrorCode {
  const { topics, folder, access } = context;
  if (!access.cluster(Operation.ALTER)) return ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
  if (futureFolderLength(topic, partition) > MAX_NAME_LENGTH) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  if (path !== folder) return ErrorCode.LOG_DIR_NOT_FOUND;
  return topics.partition(topic, partition) === undefined
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.NONE;
}
