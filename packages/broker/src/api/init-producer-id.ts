import { ErrorCode } from "../protocol/error-code.ts";
import { initProducerId as api } from "../protocol/messages/init-producer-id.ts";
import { type Handler, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

/**
 * InitProducerId, versions 0 to 5. Without a transactional id every call gives a new producer id: what the
 * client says of a former id is not looked at, as in Kafka.
 */
export const initProducerId: Handler = serve(api, async (request, { producerIds, settings }) => {
  if (request.transactionalId !== null) {
    return { errorCode: ErrorCode.INVALID_REQUEST, producerId: -1, producerEpoch: -1 };
  }
  try {
    return { errorCode: ErrorCode.NONE, producerId: await producerIds.next(), producerEpoch: 0 };
  } catch (error) {
    storageErrorCode(error, settings, {});
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, producerId: -1, producerEpoch: -1 };
  }
});
