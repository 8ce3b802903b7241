import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { leaveGroup as api } from "../protocol/messages/leave-group.ts";
import { type Handler, serve } from "./handler.ts";

const MANY_MEMBERS_SINCE = 3;

/** LeaveGroup, versions 0 to 5: one member up to version 2, several from version 3 on. */
export const leaveGroup: Handler = serve(api, async (request, { version, groups, access }) => {
  const { groupId } = request;
  if (!access.group(Operation.READ, groupId)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, members: [] };
  }
  if (groupId === "") return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] };
  if (version < MANY_MEMBERS_SINCE) {
    return { errorCode: await groups.leave(groupId, request.memberId, null) };
  }
  const leaves = request.members.map(async ({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    errorCode: await groups.leave(groupId, memberId, groupInstanceId),
  }));
  return { errorCode: ErrorCode.NONE, members: await Promise.all(leaves) };
});
