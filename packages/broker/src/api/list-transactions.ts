import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { listTransactions as api } from "../protocol/messages/list-transactions.ts";
import { type Handler, serve } from "./handler.ts";

/** The names that Apache Kafka knows, also of states that no transaction here is ever found in. */
const STATES: ReadonlySet<string> = new Set([
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
  "Dead",
  "PrepareEpochFence",
]);

/** ListTransactions, versions 0 to 1, with filters by state, producer and how long they have been open. */
export const listTransactions: Handler = serve(api, (request, { transactions, clock, access }) => {
  const { stateFilters, producerIdFilters, durationFilter } = request;
  const nowMs = clock.nowMs();
  const isOpenSince = (startedMs: number): boolean => startedMs >= 0 && nowMs - startedMs > durationFilter;
  return {
    errorCode: ErrorCode.NONE,
    unknownStateFilters: stateFilters.filter((state) => !STATES.has(state)),
    transactionStates: transactions
      .all()
      .filter(({ state }) => stateFilters.length === 0 || stateFilters.includes(state))
      .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
      .filter(({ startedMs }) => durationFilter < 0 || isOpenSince(startedMs))
      .filter(({ id }) => access.transactionalId(Operation.DESCRIBE, id))
      .map(({ id, producerId, state }) => ({ transactionalId: id, producerId, transactionState: state })),
  };
});
