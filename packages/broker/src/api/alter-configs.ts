import { alterConfigs as api } from "../protocol/messages/alter-configs.ts";
import { alterResource, alterResources } from "./config-alteration.ts";
import { type Handler, serve } from "./handler.ts";

/** AlterConfigs, versions 0 to 2: topics, groups and the broker. What is not named goes back to its default. */
export const alterConfigs: Handler = serve(api, async (request, context) => ({
  responses: await alterResources(request.resources, (resource) =>
    alterResource(context, resource, request.validateOnly, () =>
      resource.configs.map(({ name, value }) => ({ kind: "set", name, value })),
    ),
  ),
}));
