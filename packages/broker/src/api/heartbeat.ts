import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { heartbeat as api } from "../protocol/messages/heartbeat.ts";
import { type Handler, serve } from "./handler.ts";

/** Heartbeat, versions 0 to 4. */
export const heartbeat: Handler = serve(api, (request, { groups, access }) => {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  if (!access.group(Operation.READ, groupId)) return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED };
  return { errorCode: groups.heartbeat(groupId, { memberId, groupInstanceId, generationId }) };
});
