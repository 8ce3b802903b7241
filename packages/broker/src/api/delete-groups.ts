import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { deleteGroups as api } from "../protocol/messages/delete-groups.ts";
import { type Handler, serve } from "./handler.ts";

/** DeleteGroups, versions 0 to 2: groups without members, their offsets included. */
export const deleteGroups: Handler = serve(api, async (request, { groups, access }) => {
  const results = request.groupsNames.map((groupId) => ({
    groupId,
    errorCode: access.group(Operation.DELETE, groupId)
      ? groups.delete(groupId)
      : ErrorCode.GROUP_AUTHORIZATION_FAILED,
  }));
  await groups.flush();
  return { results };
});
