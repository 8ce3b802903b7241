import { ErrorCode } from "../protocol/error-code.ts";
import { alterConfigs as api } from "../protocol/messages/alter-configs.ts";
import { alterResource, alterResources } from "./config-alteration.ts";
import { ResourceType } from "./describe-configs.ts";
import { type Handler, serve } from "./handler.ts";

/** What Apache Kafka needs to be set for the whole cluster, as its features are by default. */
const KEPT = "min.insync.replicas";

/**
 * AlterConfigs, versions 0 to 2: topics, groups and the broker. What is not named goes back to its default, but for the
 * one setting of the cluster that must be there.
 */
export const alterConfigs: Handler = serve(api, async (request, context) => ({
  responses: await alterResources(request.resources, async (resource) => {
    const { resourceType, resourceName, configs } = resource;
    const isKept =
      resourceType !== ResourceType.BROKER ||
      resourceName !== "" ||
      configs.some(({ name }) => name === KEPT);
    const answer = await alterResource(context, resource, request.validateOnly || !isKept, () =>
      configs.map(({ name, value }) => ({ kind: "set", name, value })),
    );
    if (isKept || answer.errorCode !== ErrorCode.NONE) return answer;
    const errorMessage = `Cluster-level ${KEPT} cannot be removed while ELR is enabled.`;
    return { resourceType, resourceName, errorCode: ErrorCode.INVALID_CONFIG, errorMessage };
  }),
}));
