import { NO_OPERATIONS } from "../auth/access.ts";
import { Operation } from "../auth/acl.ts";
import { EMPTY, metadataOf } from "../groups/member.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeGroups as api } from "../protocol/messages/describe-groups.ts";
import { type Handler, serve } from "./handler.ts";

const NOT_FOUND_SINCE = 6;

/** DescribeGroups, versions 0 to 6. An unknown group is "Dead", from version 6 on with an error as well. */
export const describeGroups: Handler = serve(api, (request, { version, groups, access }) => ({
  groups: request.groups.map((groupId) => {
    if (!access.group(Operation.DESCRIBE, groupId)) {
      return {
        errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED,
        groupId,
        groupState: "",
        protocolType: "",
        protocolData: "",
        members: [],
      };
    }
    const operations = request.includeAuthorizedOperations
      ? access.operations("group", groupId)
      : NO_OPERATIONS;
    const group = groups.get(groupId);
    if (group === undefined) {
      const isError = version >= NOT_FOUND_SINCE;
      return {
        errorCode: isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
        errorMessage: isError ? `Group ${groupId} not found.` : null,
        groupId,
        groupState: "Dead",
        protocolType: "",
        protocolData: "",
        members: [],
        authorizedOperations: isError ? NO_OPERATIONS : operations,
      };
    }
    // While a generation is being formed there is no protocol yet, and each still has what it had before.
    const isStable = group.state === "Stable";
    return {
      errorCode: ErrorCode.NONE,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? "",
      protocolData: isStable ? (group.protocol ?? "") : "",
      members: [...group.members.values()].map((member) => ({
        memberId: member.id,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: isStable ? metadataOf(member, group.protocol) : EMPTY,
        memberAssignment: member.assignment,
      })),
      authorizedOperations: operations,
    };
  }),
}));
