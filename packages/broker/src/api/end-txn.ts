import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { endTxn as api } from "../protocol/messages/end-txn.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageOutcome } from "./storage-failure.ts";

const FENCED_SINCE = 2;

/**
 * EndTxn, versions 0 to 4: answered when the markers are written and on the disk. Left out: version 5, which
 * gives a new epoch with every transaction and belongs to a feature level of Kafka 4.
 */
export const endTxn: Handler = serve(api, async (request, { transactions, version, settings, access }) => {
  if (request.transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
  if (!access.transactionalId(Operation.WRITE, request.transactionalId)) {
    return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  const where = { transactionalId: request.transactionalId };
  const errorCode = await storageOutcome(
    settings,
    where,
    () => transactions.end(request, request.committed),
    "coordinator",
  );
  return { errorCode: fencedCode(errorCode, version >= FENCED_SINCE) };
});
