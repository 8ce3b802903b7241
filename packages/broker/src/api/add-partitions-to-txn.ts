import { ErrorCode } from "../protocol/error-code.ts";
import { addPartitionsToTxn as api } from "../protocol/messages/add-partitions-to-txn.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";

const FENCED_SINCE = 2;

/** AddPartitionsToTxn, versions 0 to 3: all partitions or none. Left out: version 4, which brokers use among themselves. */
export const addPartitionsToTxn: Handler = serve(api, async (request, { topics, transactions, version }) => {
  const partitions = request.topics.flatMap(({ name, partitions: indexes }) =>
    indexes.map((partition) => ({ topic: name, partition })),
  );
  const exists = ({ topic, partition }: (typeof partitions)[number]): boolean =>
    topics.partition(topic, partition) !== undefined;
  const areKnown = partitions.every(exists);
  const add = async (): Promise<ErrorCode> => {
    if (request.transactionalId === "") return ErrorCode.INVALID_REQUEST;
    if (!areKnown) return ErrorCode.OPERATION_NOT_ATTEMPTED;
    return fencedCode(await transactions.addPartitions(request, partitions), version >= FENCED_SINCE);
  };
  const outcome = await add();
  return {
    results: request.topics.map(({ name, partitions: indexes }) => ({
      name,
      resultsByPartition: indexes.map((partitionIndex) => {
        const isKnown = exists({ topic: name, partition: partitionIndex });
        return {
          partitionIndex,
          partitionErrorCode: isKnown ? outcome : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        };
      }),
    })),
  };
});
