import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { initProducerId as api } from "../protocol/messages/init-producer-id.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageErrorCode } from "./storage-failure.ts";

const FENCED_SINCE = 4;
/** Id and epoch of a producer that says nothing of a former one. */
const NOBODY = -1;

/**
 * InitProducerId, versions 0 to 5. Without a transactional id every call gives a new producer id: what the
 * client says of a former id is not looked at, as in Kafka. With one, the former producer of that id is fenced
 * and its open transaction aborted.
 */
export const initProducerId: Handler = serve(api, async (request, context) => {
  try {
    const result = await init(request, context);
    if (result.errorCode === ErrorCode.NONE) return result;
    const errorCode = fencedCode(result.errorCode, context.version >= FENCED_SINCE);
    return { errorCode, producerId: -1, producerEpoch: -1 };
  } catch (error) {
    storageErrorCode(error, context.settings, {});
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, producerId: -1, producerEpoch: -1 };
  }
});

async function init(
  request: RequestOf<typeof api>,
  { producerIds, transactions, settings, access }: RequestContext,
) {
  const { transactionalId, transactionTimeoutMs } = request;
  if (transactionalId !== null && !access.transactionalId(Operation.WRITE, transactionalId)) {
    return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  if (transactionalId === null && !access.idempotentWrite()) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED };
  }
  if ((request.producerId === NOBODY) !== (request.producerEpoch === NOBODY))
    return { errorCode: ErrorCode.INVALID_REQUEST };
  if (transactionalId === null) {
    return { errorCode: ErrorCode.NONE, producerId: await producerIds.next(), producerEpoch: 0 };
  }
  if (transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
  if (transactionTimeoutMs <= 0 || transactionTimeoutMs > settings.transactionMaxTimeoutMs) {
    return { errorCode: ErrorCode.INVALID_TRANSACTION_TIMEOUT };
  }
  return transactions.init(transactionalId, transactionTimeoutMs, request);
}
