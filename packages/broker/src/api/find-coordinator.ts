import { ErrorCode } from "../protocol/error-code.ts";
import { findCoordinator as api } from "../protocol/messages/find-coordinator.ts";
import { type Handler, serve } from "./handler.ts";

const GROUP = 0;
const TRANSACTION = 1;

/** FindCoordinator, versions 0 to 6: this broker, for groups and transactions. Left out: share groups. */
export const findCoordinator: Handler = serve(api, (request, { version, settings, advertised }) => {
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
  const answer = isKnown ? here : nowhere;
  if (version < 4) return { ...answer, coordinators: [] };
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...answer })) };
});
