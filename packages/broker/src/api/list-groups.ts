import { ErrorCode } from "../protocol/error-code.ts";
import { listGroups as api } from "../protocol/messages/list-groups.ts";
import { type Handler, serve } from "./handler.ts";

/** All groups here are of the classic protocol; the name as in Kafka. */
const GROUP_TYPE = "classic";

/** ListGroups, versions 0 to 5, with filters by state and type whose case does not matter. */
export const listGroups: Handler = serve(api, (request, { groups }) => {
  const states = new Set(request.statesFilter.map((state) => state.toLowerCase()));
  const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
  return {
    errorCode: ErrorCode.NONE,
    groups: groups
      .all()
      .filter((group) => states.size === 0 || states.has(group.state.toLowerCase()))
      .filter(() => types.size === 0 || types.has(GROUP_TYPE))
      .map((group) => ({
        groupId: group.id,
        protocolType: group.protocolType ?? "",
        groupState: group.state,
        groupType: GROUP_TYPE,
      })),
  };
});
