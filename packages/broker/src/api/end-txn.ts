import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { endTxn as api } from "../protocol/messages/end-txn.ts";
import type { Identified } from "../transactions/transaction-coordinator.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageErrorCode } from "./storage-failure.ts";

const FENCED_SINCE = 2;
/** From this version on the transaction ends its producer's epoch, and the answer tells the next one. */
const ENDS_EPOCH_SINCE = 5;

/**
 * EndTxn, versions 0 to 5: answered when the markers are written and on the disk, where Apache Kafka answers as soon
 * as the decision is.
 */
export const endTxn: Handler = serve(api, async (request, { transactions, version, settings, access }) => {
  if (request.transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
  if (!access.transactionalId(Operation.WRITE, request.transactionalId)) {
    return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  const marker = request.committed ? "commit" : "abort";
  let ended: Identified;
  try {
    ended = await transactions.end(request, marker, version >= ENDS_EPOCH_SINCE);
  } catch (error) {
    storageErrorCode(error, settings, { transactionalId: request.transactionalId });
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE };
  }
  return ended.errorCode === ErrorCode.NONE
    ? ended
    : { errorCode: fencedCode(ended.errorCode, version >= FENCED_SINCE) };
});
