import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { deleteGroups as api } from "../protocol/messages/delete-groups.ts";
import { type Handler, serve } from "./handler.ts";
import { storageOutcome } from "./storage-failure.ts";

/** DeleteGroups, versions 0 to 2: groups without members, their offsets included. */
export const deleteGroups: Handler = serve(api, async (request, { groups, settings, access }) => {
  // Who names a group twice is answered once.
  const results = [...new Set(request.groupsNames)].map(async (groupId) => ({
    groupId,
    errorCode: access.group(Operation.DELETE, groupId)
      ? await storageOutcome(
          settings,
          { group: groupId },
          async () => {
            const errorCode = groups.delete(groupId);
            await groups.flush();
            return errorCode;
          },
          "coordinator",
        )
      : ErrorCode.GROUP_AUTHORIZATION_FAILED,
  }));
  return { results: await Promise.all(results) };
});
