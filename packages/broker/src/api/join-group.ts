import { joinGroup as api } from "../protocol/messages/join-group.ts";
import { type Handler, serve } from "./handler.ts";

const MEMBER_ID_REQUIRED_SINCE = 4;
const PROTOCOL_NAME_NULLABLE_SINCE = 7;
const SKIP_ASSIGNMENT_SINCE = 9;

/** JoinGroup, versions 0 to 9: the classic protocol, answered when the generation is complete. */
export const joinGroup: Handler = serve(api, async (request, { version, groups, clientId, clientHost }) => {
  const result = await groups.join({
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    // Version 0 has one time for both.
    rebalanceTimeoutMs: version === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    protocols: request.protocols,
    requireKnownMemberId: version >= MEMBER_ID_REQUIRED_SINCE,
    supportsSkippingAssignment: version >= SKIP_ASSIGNMENT_SINCE,
  });
  const { protocolName } = result;
  return {
    ...result,
    protocolName: version >= PROTOCOL_NAME_NULLABLE_SINCE ? protocolName : (protocolName ?? ""),
  };
});
