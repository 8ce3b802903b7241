import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeLogDirs as api } from "../protocol/messages/describe-log-dirs.ts";
import { type Handler, serve } from "./handler.ts";

/** DescribeLogDirs, versions 1 to 5: the one data folder. In memory, its size is the machine's. */
export const describeLogDirs: Handler = serve(api, (request, { topics, folder, disk, access }) => {
  if (!access.cluster(Operation.DESCRIBE)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, results: [] };
  }
  const wanted =
    request.topics === null
      ? undefined
      : new Set(
          request.topics.flatMap(({ topic, partitions }) => partitions.map((one) => `${one} ${topic}`)),
        );
  const found = topics
    .all()
    .map(({ name, partitions }) => ({
      name,
      partitions: [...partitions.entries()]
        .filter(([partitionIndex]) => wanted === undefined || wanted.has(`${partitionIndex} ${name}`))
        .map(([partitionIndex, log]) => ({
          partitionIndex,
          partitionSize: log.sizeBytes,
          offsetLag: 0,
          isFutureKey: false,
        })),
    }))
    .filter(({ partitions }) => partitions.length > 0);
  return {
    errorCode: ErrorCode.NONE,
    results: [{ errorCode: ErrorCode.NONE, logDir: folder, topics: found, ...disk.space(folder) }],
  };
});
