import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { createTopics as api } from "../protocol/messages/create-topics.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { TopicConfig } from "../topics/topic-config.ts";
import { isValidTopicName, newTopicId, type Topic } from "../topics/topic-store.ts";
import { configSource } from "./config-source.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type TopicRequest = RequestOf<typeof api>["topics"][number];
type TopicResult = ResponseOf<typeof api>["topics"][number];
interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

/** More partitions in one topic would only exhaust the open files of the process. */
const MAX_PARTITIONS = 10_000;
/** Clients may leave a number to the broker in every version, as Kafka lets them. */
const USE_DEFAULT = -1;

/** CreateTopics, versions 0 to 7. There is one broker, so the only replication factor is 1. */
export const createTopics: Handler = serve(api, (request, context) => {
  // All are judged before the first is created: names of one request may collide, as in Apache Kafka.
  const judged = [...Map.groupBy(request.topics, ({ name }) => name)].map(([name, asked]) => ({
    name,
    topic: asked[0],
    refusal: refusalOf(name, asked, context),
  }));
  return {
    topics: judged.map(({ name, topic, refusal }): TopicResult => {
      if (topic === undefined || refusal !== undefined)
        return { name, ...refusal, errorCode: refusal?.errorCode ?? 0, configs: [] };
      try {
        return create(topic, request.validateOnly, context);
      } catch (error) {
        return { name, errorCode: storageErrorCode(error, context.settings, { topic: name }) };
      }
    }),
  };
});

function refuse(errorCode: ErrorCode, errorMessage: string): Refusal {
  return { errorCode, errorMessage };
}

/** `asked`: all that one request asks for under a name. */
function refusalOf(
  name: string,
  asked: readonly TopicRequest[],
  context: RequestContext,
): Refusal | undefined {
  const { access, topics } = context;
  if (!access.cluster(Operation.CREATE) && !access.topic(Operation.CREATE, name)) {
    return refuse(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "The topic may not be created.");
  }
  const [topic] = asked;
  if (topic === undefined || asked.length > 1) {
    return refuse(ErrorCode.INVALID_REQUEST, "Duplicate topic name.");
  }
  if (!isValidTopicName(name)) {
    return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: '${name}'`);
  }
  if (topics.get(name) !== undefined) {
    return refuse(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  }
  const other = topics.collision(name);
  if (other !== undefined) {
    return refuse(
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${name}' collides with existing topic: ${other}`,
    );
  }
  return configProblem(topic, context) ?? layoutProblem(topic, context);
}

function layoutProblem(topic: TopicRequest, { settings }: RequestContext): Refusal | undefined {
  const { numPartitions, replicationFactor, assignments } = topic;
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      return refuse(
        ErrorCode.INVALID_REQUEST,
        "Both assignments and a number of partitions or replicas are set.",
      );
    }
    const indexes = new Set(assignments.map(({ partitionIndex }) => partitionIndex));
    const isComplete = assignments.every((_, index) => indexes.has(index));
    const isHere = assignments.every(
      ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === settings.nodeId,
    );
    if (isComplete && isHere) return undefined;
    return refuse(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      "Partitions must be numbered from 0, each on this broker.",
    );
  }
  if (replicationFactor < 1 && replicationFactor !== USE_DEFAULT) {
    return refuse(ErrorCode.INVALID_REPLICATION_FACTOR, "The replication factor must be larger than 0.");
  }
  if (numPartitions < 1 && numPartitions !== USE_DEFAULT) {
    return refuse(ErrorCode.INVALID_PARTITIONS, "Number of partitions must be larger than 0.");
  }
  if (numPartitions > MAX_PARTITIONS) {
    return refuse(ErrorCode.INVALID_PARTITIONS, `Number of partitions must be at most ${MAX_PARTITIONS}.`);
  }
  if (replicationFactor !== 1 && replicationFactor !== USE_DEFAULT) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      "There is one broker: the replication factor must be 1.",
    );
  }
  return undefined;
}

function configProblem({ configs }: TopicRequest, { settings }: RequestContext): Refusal | undefined {
  for (const { name, value } of configs) {
    const problem = value === null ? `Null value for ${name}` : TopicConfig.problem(name, value);
    if (problem !== undefined) return refuse(ErrorCode.INVALID_CONFIG, problem);
  }
  const { contradiction } = new TopicConfig(settings.topicDefaults, overridesOf(configs));
  return contradiction === undefined ? undefined : refuse(ErrorCode.INVALID_CONFIG, contradiction);
}

function overridesOf(configs: TopicRequest["configs"]): (readonly [string, string])[] {
  return configs.map(({ name, value }) => [name, value ?? ""] as const);
}

function create(asked: TopicRequest, validateOnly: boolean, context: RequestContext): TopicResult {
  const { topics, settings } = context;
  const wanted = asked.assignments.length > 0 ? asked.assignments.length : asked.numPartitions;
  const numPartitions = wanted === -1 ? settings.numPartitions : wanted;
  const configs = overridesOf(asked.configs);
  if (validateOnly) {
    const config = new TopicConfig(settings.topicDefaults, configs);
    const topicId = newTopicId();
    return {
      name: asked.name,
      topicId,
      errorCode: ErrorCode.NONE,
      ...described(asked.name, config, numPartitions, context),
    };
  }
  const topic: Topic = topics.create(asked.name, numPartitions, configs);
  return {
    name: topic.name,
    topicId: topic.id,
    errorCode: ErrorCode.NONE,
    ...described(topic.name, topic.config, numPartitions, context),
  };
}

function described(
  name: string,
  config: TopicConfig,
  numPartitions: number,
  { access, configuration }: RequestContext,
): Partial<TopicResult> {
  if (!access.topic(Operation.DESCRIBE_CONFIGS, name)) {
    const topicConfigErrorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return { numPartitions: -1, replicationFactor: -1, configs: [], topicConfigErrorCode };
  }
  const configs = config.entries().map((entry) => ({
    name: entry.name,
    value: entry.value,
    readOnly: false,
    configSource: configSource(entry, configuration),
    isSensitive: false,
  }));
  return { numPartitions, replicationFactor: 1, configs };
}
