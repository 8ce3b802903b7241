import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { findCoordinator as api } from "../protocol/messages/find-coordinator.ts";
import {
  CONSUMER_OFFSETS,
  ensureInternalTopic,
  type InternalTopic,
  TRANSACTION_STATE,
} from "../topics/internal-topics.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

const GROUP = 0;
const TRANSACTION = 1;

/**
 * FindCoordinator, versions 0 to 6: this broker, for groups and transactions. As in Apache Kafka, the first request of
 * a kind brings about the internal topic of its coordinator. Left out: share groups.
 */
export const findCoordinator: Handler = serve(api, (request, context) => {
  const { version, settings, advertised } = context;
  const isKnown = request.keyType === GROUP || request.keyType === TRANSACTION;
  // Old versions say "NONE" where nothing is wrong, newer ones say nothing.
  const here = {
    nodeId: settings.nodeId,
    ...advertised,
    errorCode: ErrorCode.NONE,
    errorMessage: version < 4 ? "NONE" : "",
  };
  const nowhere = {
    nodeId: -1,
    host: "",
    port: -1,
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage: "unknown kind of coordinator",
  };
  const answerFor = (key: string) => {
    const refusal = refusalOf(request.keyType, key, context);
    if (refusal !== ErrorCode.NONE) return { ...nowhere, errorCode: refusal, errorMessage: "not authorized" };
    if (!isKnown) return nowhere;
    ensureTopic(request.keyType === GROUP ? CONSUMER_OFFSETS : TRANSACTION_STATE, context);
    return here;
  };
  if (version < 4) return { ...answerFor(request.key), coordinators: [] };
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...answerFor(key) })) };
});

/** The coordinator works without its topic, which only shows what there is: a full disk does not stop it. */
function ensureTopic(name: InternalTopic, { topics, settings }: RequestContext): void {
  try {
    ensureInternalTopic(name, topics, settings);
  } catch (error) {
    storageErrorCode(error, settings, { topic: name });
  }
}

function refusalOf(keyType: number, key: string, { access }: RequestContext): ErrorCode {
  if (keyType === GROUP && !access.group(Operation.DESCRIBE, key))
    return ErrorCode.GROUP_AUTHORIZATION_FAILED;
  if (keyType === TRANSACTION && !access.transactionalId(Operation.DESCRIBE, key)) {
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  }
  return ErrorCode.NONE;
}
