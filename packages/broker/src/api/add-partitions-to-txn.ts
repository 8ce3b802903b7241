import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { addPartitionsToTxn as api } from "../protocol/messages/add-partitions-to-txn.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageOutcome } from "./storage-failure.ts";

const FENCED_SINCE = 2;

/** AddPartitionsToTxn, versions 0 to 3: all partitions or none. Left out: version 4, which brokers use among themselves. */
export const addPartitionsToTxn: Handler = serve(
  api,
  async (request, { topics, transactions, version, settings, access }) => {
    const partitions = request.topics.flatMap(({ name, partitions: indexes }) =>
      indexes.map((partition) => ({ topic: name, partition })),
    );
    const mayWrite = ({ topic }: { readonly topic: string }): boolean => access.topic(Operation.WRITE, topic);
    const exists = ({ topic, partition }: (typeof partitions)[number]): boolean =>
      topics.partition(topic, partition) !== undefined;
    const areKnown = partitions.every((one) => mayWrite(one) && exists(one));
    const add = async (): Promise<ErrorCode> => {
      if (!access.transactionalId(Operation.WRITE, request.transactionalId)) {
        return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      }
      if (!areKnown) return ErrorCode.OPERATION_NOT_ATTEMPTED;
      if (request.transactionalId === "") return ErrorCode.INVALID_REQUEST;
      const added = await storageOutcome(
        settings,
        { transactionalId: request.transactionalId },
        () => transactions.addPartitions(request, partitions),
        "coordinator",
      );
      return fencedCode(added, version >= FENCED_SINCE);
    };
    const outcome = await add();
    if (outcome !== ErrorCode.OPERATION_NOT_ATTEMPTED) {
      const answer = (partitionIndex: number) => ({ partitionIndex, partitionErrorCode: outcome });
      return {
        results: request.topics.map((topic) => ({
          name: topic.name,
          resultsByPartition: topic.partitions.map(answer),
        })),
      };
    }
    const problemOf = (one: (typeof partitions)[number]): ErrorCode =>
      mayWrite(one)
        ? exists(one)
          ? ErrorCode.OPERATION_NOT_ATTEMPTED
          : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    // What is at fault is told of every partition once, under its topic.
    return {
      results: [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, ofTopic]) => ({
        name,
        resultsByPartition: [...new Set(ofTopic.map(({ partition }) => partition))].map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: problemOf({ topic: name, partition: partitionIndex }),
        })),
      })),
    };
  },
);
