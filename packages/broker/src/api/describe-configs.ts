import { Operation } from "../auth/acl.ts";
import { CLUSTER } from "../configuration/broker-configuration.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeConfigs as api } from "../protocol/messages/describe-configs.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { ConfigType, shownValue } from "../topics/topic-config.ts";
import { isValidTopicName } from "../topics/topic-store.ts";
import { brokerConfigs, clusterConfigs, synonymOf } from "./broker-configs.ts";
import { ConfigSource, configSource, topicLayers } from "./config-source.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

type Resource = RequestOf<typeof api>["resources"][number];
type Result = ResponseOf<typeof api>["results"][number];
type Config = Result["configs"][number];

export const ResourceType = { TOPIC: 2, BROKER: 4, CLIENT_METRICS: 16, GROUP: 32 } as const;
const BROKER_LOGGER = 8;
const DESCRIBED: ReadonlySet<number> = new Set([...Object.values(ResourceType), BROKER_LOGGER]);

/**
 * DescribeConfigs, versions 1 to 4: topics, groups, and the broker's own settings under Kafka's names, the latter with
 * documentation.
 */
export const describeConfigs: Handler = serve(api, (request, context) => {
  // A resource of no kind that has settings spoils the others.
  const isSound = request.resources.every(({ resourceType }) => DESCRIBED.has(resourceType));
  const results = request.resources.map((resource): Result => {
    const { resourceType, resourceName, configurationKeys } = resource;
    const found = isSound ? configsOf(resource, request, context) : ErrorCode.INVALID_REQUEST;
    if (typeof found === "number") {
      const errorMessage = `Cannot describe the configuration of '${resourceName}'.`;
      return { errorCode: found, errorMessage, resourceType, resourceName, configs: [] };
    }
    const keys =
      configurationKeys === null || configurationKeys.length === 0 ? undefined : new Set(configurationKeys);
    const configs = found.filter(({ name }) => keys === undefined || keys.has(name));
    return { errorCode: ErrorCode.NONE, resourceType, resourceName, configs };
  });
  return { results };
});

function configsOf(
  resource: Resource,
  { includeSynonyms: withSynonyms, includeDocumentation }: RequestOf<typeof api>,
  context: RequestContext,
): Config[] | ErrorCode {
  switch (resource.resourceType) {
    case ResourceType.TOPIC:
      return topicConfigs(resource.resourceName, withSynonyms, context);
    case ResourceType.BROKER: {
      if (!context.access.cluster(Operation.DESCRIBE_CONFIGS)) return ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
      const shown = { withSynonyms, withDocumentation: includeDocumentation };
      if (resource.resourceName === CLUSTER) return clusterConfigs(context.configuration, shown);
      const isThis = resource.resourceName === String(context.settings.nodeId);
      return isThis ? brokerConfigs(context.configuration, shown) : ErrorCode.INVALID_REQUEST;
    }
    case ResourceType.GROUP:
      if (!context.access.group(Operation.DESCRIBE_CONFIGS, resource.resourceName)) {
        return ErrorCode.GROUP_AUTHORIZATION_FAILED;
      }
      if (resource.resourceName === "") return ErrorCode.INVALID_REQUEST;
      return groupConfigs(resource.resourceName, withSynonyms, context);
    case ResourceType.CLIENT_METRICS:
      // No client is asked for metrics, so that there is nothing set.
      if (!context.access.cluster(Operation.DESCRIBE_CONFIGS)) return ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
      return resource.resourceName === "" ? ErrorCode.INVALID_REQUEST : [];
    default:
      return ErrorCode.INVALID_REQUEST;
  }
}

function groupConfigs(group: string, withSynonyms: boolean, { groups }: RequestContext): Config[] {
  return groups.configs.entries(group).map(({ name, value, isDefault, defaultValue, brokerName }) => {
    const own = { name, value, source: ConfigSource.GROUP };
    const fallback = { name: brokerName, value: defaultValue, source: ConfigSource.DEFAULT };
    return {
      name,
      value,
      readOnly: false,
      configSource: isDefault ? ConfigSource.DEFAULT : ConfigSource.GROUP,
      isSensitive: false,
      synonyms: withSynonyms ? (isDefault ? [fallback] : [own, fallback]) : [],
      configType: ConfigType.INT,
    };
  });
}

function topicConfigs(
  name: string,
  withSynonyms: boolean,
  { topics, access, configuration }: RequestContext,
): Config[] | ErrorCode {
  if (!access.topic(Operation.DESCRIBE_CONFIGS, name)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  if (!isValidTopicName(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  const topic = topics.get(name);
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return topic.config.entries().map((entry) => {
    const value = shownValue(entry, entry.value);
    const own = { name: entry.name, value, source: ConfigSource.TOPIC };
    const fallback = topicLayers(entry.name, configuration).map(synonymOf);
    const synonyms = entry.isDefault ? fallback : [own, ...fallback];
    return {
      name: entry.name,
      value,
      readOnly: false,
      configSource: configSource(entry, configuration),
      isSensitive: false,
      synonyms: withSynonyms ? synonyms : [],
      configType: entry.type,
    };
  });
}
