import { deleteGroups as api } from "../protocol/messages/delete-groups.ts";
import { type Handler, serve } from "./handler.ts";

/** DeleteGroups, versions 0 to 2: groups without members, their offsets included. */
export const deleteGroups: Handler = serve(api, async (request, { groups }) => {
  const results = request.groupsNames.map((groupId) => ({ groupId, errorCode: groups.delete(groupId) }));
  await groups.flush();
  return { results };
});
