import { Operation } from "../auth/acl.ts";
import { InvalidPattern, TopicPattern } from "../groups/topic-pattern.ts";
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

/** ListTransactions, versions 0 to 2, with filters by state, producer, how long they have been open, and the name. */
export const listTransactions: Handler = serve(api, (request, { transactions, clock, access }) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
  const pattern = compiled(transactionalIdPattern);
  if (pattern === "invalid") {
    return {
      errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION,
      unknownStateFilters: [],
      transactionStates: [],
    };
  }
  const nowMs = clock.nowMs();
  // What has not begun has been open since the time -1, so that no duration leaves it out.
  const isOpenSince = (startedMs: number): boolean => nowMs - startedMs > durationFilter;
  return {
    errorCode: ErrorCode.NONE,
    unknownStateFilters: [...new Set(stateFilters)].filter((state) => !STATES.has(state)),
    transactionStates: transactions
      .all()
      .filter(({ state }) => stateFilters.length === 0 || stateFilters.includes(state))
      .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
      .filter(({ state, startedMs }) => durationFilter < 0 || isOpenSince(state === "Empty" ? -1 : startedMs))
      .filter(({ id }) => pattern?.matches(id) ?? true)
      .filter(({ id }) => access.transactionalId(Operation.DESCRIBE, id))
      .map(({ id, producerId, state }) => ({ transactionalId: id, producerId, transactionState: state })),
  };
});

/** No pattern, and an empty one, ask for all names. */
function compiled(text: string | null): TopicPattern | "invalid" | undefined {
  if (text === null || text === "") return undefined;
  try {
    return new TopicPattern(text);
  } catch (error) {
    if (error instanceof InvalidPattern) return "invalid";
    throw error;
  }
}
