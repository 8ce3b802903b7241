import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { findCoordinator as api } from "../protocol/messages/find-coordinator.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

const GROUP = 0;
const TRANSACTION = 1;

/** FindCoordinator, versions 0 to 6: this broker, for groups and transactions. Left out: share groups. */
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
    return isKnown ? here : nowhere;
  };
  if (version < 4) return { ...answerFor(request.key), coordinators: [] };
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...answerFor(key) })) };
});

function refusalOf(keyType: number, key: string, { access }: RequestContext): ErrorCode {
  if (keyType === GROUP && !access.group(Operation.DESCRIBE, key))
    return ErrorCode.GROUP_AUTHORIZATION_FAILED;
  if (keyType === TRANSACTION && !access.transactionalId(Operation.DESCRIBE, key)) {
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  }
  return ErrorCode.NONE;
}
