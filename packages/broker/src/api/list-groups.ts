import { Operation } from "../auth/acl.ts";
import { consumerGroupState } from "../groups/consumer-group.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { listGroups as api } from "../protocol/messages/list-groups.ts";
import { type Handler, serve } from "./handler.ts";

/** ListGroups, versions 0 to 5, with filters by state and type whose case does not matter. */
export const listGroups: Handler = serve(api, (request, { groups, access }) => {
  const seesAll = access.cluster(Operation.DESCRIBE);
  const states = new Set(request.statesFilter.map((state) => state.toLowerCase()));
  const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
  const classic = groups.all().map((group) => ({
    groupId: group.id,
    protocolType: group.protocolType ?? "",
    groupState: group.state as string,
    groupType: "classic",
  }));
  const consumer = groups.consumers.all().map((group) => ({
    groupId: group.id,
    protocolType: "consumer",
    groupState: consumerGroupState(group) as string,
    groupType: "consumer",
  }));
  return {
    errorCode: ErrorCode.NONE,
    groups: [...classic, ...consumer]
      .filter(({ groupId }) => seesAll || access.group(Operation.DESCRIBE, groupId))
      .filter(({ groupState }) => states.size === 0 || states.has(groupState.toLowerCase()))
      .filter(({ groupType }) => types.size === 0 || types.has(groupType)),
  };
});
