import { CLUSTER } from "../configuration/broker-configuration.ts";
import { alterConfigs as api } from "../protocol/messages/alter-configs.ts";
import { alterResources, type ConfigChange } from "./config-alteration.ts";
import { ResourceType } from "./describe-configs.ts";
import { type Handler, serve } from "./handler.ts";

/** What Apache Kafka needs to be set for the whole cluster, as its features are by default. */
const KEPT = "min.insync.replicas";

/** AlterConfigs, versions 0 to 2: topics, groups and the broker. What is not named goes back to its default. */
export const alterConfigs: Handler = serve(api, async (request, context) => ({
  responses: await alterResources(
    context,
    request.resources,
    request.validateOnly,
    ({ resourceType, resourceName, configs }) => {
      const isOfCluster = resourceType === ResourceType.BROKER && resourceName === CLUSTER;
      const isMissing = isOfCluster && !configs.some(({ name }) => name === KEPT);
      const set = configs.map(({ name, value }): ConfigChange => ({ kind: "set", name, value }));
      return isMissing ? [...set, { kind: "reset", name: KEPT }] : set;
    },
  ),
}));
