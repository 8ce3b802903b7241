import { Operation } from "../auth/acl.ts";
import { type JoinResult, joinError } from "../groups/member.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { joinGroup as api } from "../protocol/messages/join-group.ts";
import { type Handler, serve } from "./handler.ts";

const MEMBER_ID_REQUIRED_SINCE = 4;
const PROTOCOL_NAME_NULLABLE_SINCE = 7;
const SKIP_ASSIGNMENT_SINCE = 9;

/** JoinGroup, versions 0 to 9: the classic protocol, answered when the generation is complete. */
export const joinGroup: Handler = serve(api, async (request, context) => {
  const { version, groups, clientId, clientHost, access } = context;
  if (!access.group(Operation.READ, request.groupId)) {
    return answer(joinError(ErrorCode.GROUP_AUTHORIZATION_FAILED), version);
  }
  const result = await groups.join({
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId,
    clientHost,
    connection: context.authentication,
    sessionTimeoutMs: request.sessionTimeoutMs,
    // Version 0 has one time for both.
    rebalanceTimeoutMs: version === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    protocols: request.protocols,
    requireKnownMemberId: version >= MEMBER_ID_REQUIRED_SINCE,
    supportsSkippingAssignment: version >= SKIP_ASSIGNMENT_SINCE,
  });
  return answer(result, version);
});

function answer(result: JoinResult, version: number) {
  const { protocolName } = result;
  return {
    ...result,
    protocolName: version >= PROTOCOL_NAME_NULLABLE_SINCE ? protocolName : (protocolName ?? ""),
  };
}
