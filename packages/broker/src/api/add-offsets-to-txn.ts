import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { addOffsetsToTxn as api } from "../protocol/messages/add-offsets-to-txn.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageOutcome } from "./storage-failure.ts";

const FENCED_SINCE = 2;

/** AddOffsetsToTxn, versions 0 to 4. */
export const addOffsetsToTxn: Handler = serve(
  api,
  async (request, { transactions, version, settings, access }) => {
    if (!access.transactionalId(Operation.WRITE, request.transactionalId)) {
      return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
    }
    if (!access.group(Operation.READ, request.groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED };
    }
    if (request.transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
    const where = { transactionalId: request.transactionalId };
    const errorCode = await storageOutcome(
      settings,
      where,
      () => transactions.addGroup(request, request.groupId),
      "coordinator",
    );
    return { errorCode: fencedCode(errorCode, version >= FENCED_SINCE) };
  },
);
