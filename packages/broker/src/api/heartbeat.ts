import { heartbeat as api } from "../protocol/messages/heartbeat.ts";
import { type Handler, serve } from "./handler.ts";

/** Heartbeat, versions 0 to 4. */
export const heartbeat: Handler = serve(api, (request, { groups }) => {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  return { errorCode: groups.heartbeat(groupId, { memberId, groupInstanceId, generationId }) };
});
