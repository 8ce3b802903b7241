import { Operation } from "../auth/acl.ts";
import { syncError } from "../groups/member.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { syncGroup as api } from "../protocol/messages/sync-group.ts";
import { type Handler, serve } from "./handler.ts";

/** From this version on a member says which protocol it means, and must. */
const PROTOCOL_SINCE = 5;

/** SyncGroup, versions 0 to 5: answered when the leader has brought the assignments. */
export const syncGroup: Handler = serve(api, (request, { groups, version, access }) => {
  const isProtocolMissing = request.protocolType === null || request.protocolName === null;
  if (version >= PROTOCOL_SINCE && isProtocolMissing) return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  if (!access.group(Operation.READ, request.groupId)) return syncError(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  const { groupId, memberId, groupInstanceId, generationId } = request;
  const assignments = new Map(request.assignments.map((member) => [member.memberId, member.assignment]));
  const protocol = { type: request.protocolType, name: request.protocolName };
  return groups.sync(groupId, { memberId, groupInstanceId, generationId }, protocol, assignments);
});
