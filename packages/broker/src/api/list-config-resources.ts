import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { listConfigResources as api } from "../protocol/messages/list-config-resources.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
const CLIENT_METRICS = 16;
const GROUP = 32;
const ALL: readonly number[] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

const TYPES_SINCE = 1;

/**
 * ListConfigResources, versions 0 to 1: everything that can have settings, by kind. Version 0, which was
 * ListClientMetricsResources, asks for the settings of metrics that clients push: there are none.
 */
export const listConfigResources: Handler = serve(api, ({ resourceTypes }, context) => {
  if (!context.access.cluster(Operation.DESCRIBE_CONFIGS)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, configResources: [] };
  }
  const asked = context.version < TYPES_SINCE ? [CLIENT_METRICS] : resourceTypes;
  if (asked.some((type) => !ALL.includes(type))) {
    return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] };
  }
  const types = asked.length === 0 ? ALL : [...new Set(asked)];
  const configResources = types.flatMap((resourceType) =>
    namesOf(resourceType, context).map((resourceName) => ({ resourceName, resourceType })),
  );
  return { errorCode: ErrorCode.NONE, configResources };
});

function namesOf(type: number, { topics, settings, groups }: RequestContext): string[] {
  switch (type) {
    case TOPIC:
      return topics.all().map(({ name }) => name);
    case BROKER:
    case BROKER_LOGGER:
      return [String(settings.nodeId)];
    case GROUP:
      return groups.configs.groups();
    default:
      return [];
  }
}
