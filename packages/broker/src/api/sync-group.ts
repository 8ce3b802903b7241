import { syncGroup as api } from "../protocol/messages/sync-group.ts";
import { type Handler, serve } from "./handler.ts";

/** SyncGroup, versions 0 to 5: answered when the leader has brought the assignments. */
export const syncGroup: Handler = serve(api, (request, { groups }) => {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  const assignments = new Map(request.assignments.map((member) => [member.memberId, member.assignment]));
  const protocol = { type: request.protocolType, name: request.protocolName };
  return groups.sync(groupId, { memberId, groupInstanceId, generationId }, protocol, assignments);
});
