import { Operation } from "../auth/acl.ts";
import { CLUSTER } from "../configuration/broker-configuration.ts";
import { brokerSettings } from "../configuration/broker-settings.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { ConfigType, TopicConfig } from "../topics/topic-config.ts";
import { isValidTopicName } from "../topics/topic-store.ts";
import { ResourceType } from "./describe-configs.ts";
import type { RequestContext } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

export type ConfigChange =
  | { readonly kind: "set"; readonly name: string; readonly value: string | null }
  | { readonly kind: "reset"; readonly name: string }
  | { readonly kind: "impossible"; readonly name: string; readonly reason: string }
  /** Apache Kafka stumbles over an operation that it does not know. */
  | { readonly kind: "unknown"; readonly name: string; readonly reason: string };

/** The settings of one resource, as far as a change needs to know them. */
export interface CurrentConfig {
  overrides(): Readonly<Record<string, string>>;
  get(name: string): string;
  isList(name: string): boolean;
}

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

export type Answer = Resource & { readonly errorCode: ErrorCode; readonly errorMessage?: string };

/** Something with settings: how they are, which can be, and how to replace them. */
interface Target {
  readonly current: CurrentConfig;
  readonly problem: (name: string, value: string) => string | undefined;
  /** Kafka has another code for values of the broker that cannot be. */
  readonly problemCode: ErrorCode;
  /** Set where nothing can have such a name: found out after the operations were judged, before the values. */
  readonly misnomer?: Problem;
  /** Why a sound change is not made: found out last. */
  readonly objection?: (change: ConfigChange) => string | undefined;
  /** Set where there is no such thing: found out after the settings were judged, as in Apache Kafka. */
  readonly absence?: Problem;
  readonly replace: (overrides: readonly (readonly [string, string])[]) => void | Promise<void>;
}

/** Alters every resource that is named once: one that is named twice cannot be what both say. */
export function alterResources<R extends Resource>(
  resources: readonly R[],
  alter: (resource: R) => Promise<Answer>,
): Promise<Answer[]> {
  const nameOf = ({ resourceType, resourceName }: R): string => `${resourceType} ${resourceName}`;
  const times = Map.groupBy(resources, nameOf);
  return Promise.all(
    resources.map((resource) => {
      if (times.get(nameOf(resource))?.length === 1) return alter(resource);
      const { resourceType, resourceName } = resource;
      const errorMessage = "Each resource must appear at most once.";
      return { resourceType, resourceName, errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
    }),
  );
}

/** Gives a topic, a group or the broker the settings that `changesFor` makes of its present ones: all of them or none. */
export async function alterResource(
  context: RequestContext,
  { resourceType, resourceName }: Resource,
  validateOnly: boolean,
  changesFor: (current: CurrentConfig) => readonly ConfigChange[],
): Promise<Answer> {
  const answer = (errorCode: ErrorCode, errorMessage?: string): Answer => ({
    resourceType,
    resourceName,
    errorCode,
    ...(errorMessage === undefined ? {} : { errorMessage }),
  });
  const target = targetOf(context, resourceType, resourceName);
  if ("errorCode" in target) return answer(target.errorCode, target.errorMessage);
  const changes = changesFor(target.current);
  const isOdd = changes.some((change) => change.kind === "set" && change.value === null);
  const isRepeated = new Set(changes.map(({ name }) => name)).size < changes.length;
  if (isOdd || isRepeated) return answer(ErrorCode.INVALID_REQUEST, "A setting needs one value.");
  const unknown = changes.find((change) => change.kind === "unknown");
  if (unknown !== undefined) return answer(ErrorCode.UNKNOWN_SERVER_ERROR, unknown.reason);
  const impossible = changes.find((change) => change.kind === "impossible");
  if (impossible !== undefined) return answer(ErrorCode.INVALID_CONFIG, impossible.reason);
  if (target.misnomer !== undefined) return answer(target.misnomer.errorCode, target.misnomer.errorMessage);
  const problem = changes.map((change) => problemOf(change, target)).find((found) => found !== undefined);
  if (problem !== undefined) return answer(target.problemCode, problem);
  const objection = changes.map((change) => target.objection?.(change)).find((found) => found !== undefined);
  if (objection !== undefined) return answer(ErrorCode.INVALID_CONFIG, objection);
  if (target.absence !== undefined) return answer(target.absence.errorCode, target.absence.errorMessage);
  if (validateOnly) return answer(ErrorCode.NONE);
  const overrides = changes.flatMap((change) =>
    change.kind === "set" && change.value !== null ? [[change.name, change.value] as const] : [],
  );
  try {
    await target.replace(overrides);
    return answer(ErrorCode.NONE);
  } catch (error) {
    return answer(storageErrorCode(error, context.settings, { resource: resourceName }));
  }
}

const NOT_ALLOWED = "The settings may not be changed.";

interface Problem {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

function targetOf(context: RequestContext, resourceType: number, name: string): Target | Problem {
  switch (resourceType) {
    case ResourceType.TOPIC:
      return topicTarget(context, name);
    case ResourceType.GROUP:
      return groupTarget(context, name);
    case ResourceType.BROKER:
      return brokerTarget(context, name);
    default: {
      const errorMessage = "Only the settings of topics, groups and brokers can be changed.";
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
    }
  }
}

function topicTarget({ topics, access, settings }: RequestContext, name: string): Target | Problem {
  if (!access.topic(Operation.ALTER_CONFIGS, name)) {
    return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: NOT_ALLOWED };
  }
  const misnomer = isValidTopicName(name)
    ? undefined
    : name === ""
      ? { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "A topic has a name." }
      : { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: `Topic name is invalid: '${name}'` };
  const topic = topics.get(name);
  const config = topic?.config ?? new TopicConfig(settings.topicDefaults);
  const absence = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `Unknown topic ${name}` };
  return {
    ...(misnomer === undefined ? {} : { misnomer }),
    ...(topic === undefined ? { absence } : {}),
    current: {
      overrides: () => config.overrides(),
      get: (key) => config.get(key),
      isList: TopicConfig.isList,
    },
    problem: TopicConfig.problem,
    problemCode: ErrorCode.INVALID_CONFIG,
    replace(overrides) {
      if (topic !== undefined) topics.configure(topic, overrides);
    },
  };
}

/** A group may have settings before it is there. */
function groupTarget({ groups, access }: RequestContext, name: string): Target | Problem {
  if (!access.group(Operation.ALTER_CONFIGS, name)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, errorMessage: NOT_ALLOWED };
  }
  const { configs } = groups;
  const misnomer = { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "A group has a name." };
  return {
    ...(name === "" ? { misnomer } : {}),
    current: {
      overrides: () => configs.overrides(name),
      get: (key) => configs.overrides(name)[key] ?? "",
      isList: () => false,
    },
    problem: (key, value) => configs.problem(key, value),
    problemCode: ErrorCode.INVALID_CONFIG,
    async replace(overrides) {
      configs.configure(name, Object.fromEntries(overrides));
      await configs.flush();
    },
  };
}

/** This broker by its number, or all brokers of the cluster, which have no name together. */
function brokerTarget({ access, configuration, settings }: RequestContext, name: string): Target | Problem {
  if (!access.cluster(Operation.ALTER_CONFIGS)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: NOT_ALLOWED };
  }
  if (name !== CLUSTER && name !== String(settings.nodeId)) {
    const errorMessage = `Unexpected broker id, expected ${settings.nodeId}, but received ${name}`;
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
  }
  return {
    current: {
      overrides: () => configuration.overrides(name),
      get: (key) => configuration.valueIn(name, key),
      isList: (key) => brokerSettings.get(key)?.type === ConfigType.LIST,
    },
    problem: (key, value) => configuration.problem(name, key, value),
    problemCode: ErrorCode.INVALID_REQUEST,
    // Apache Kafka counts replicas in the same way in the whole cluster, and does not stop counting.
    objection: (change) =>
      change.name === "min.insync.replicas" && (name !== CLUSTER || change.kind === "reset")
        ? `${change.name} is set for the whole cluster.`
        : undefined,
    async replace(overrides) {
      configuration.configure(name, Object.fromEntries(overrides));
      await configuration.flush();
    },
  };
}

function problemOf(change: ConfigChange, target: Target): string | undefined {
  switch (change.kind) {
    case "set":
      return target.problem(change.name, change.value ?? "");
    case "reset":
      return undefined;
    case "impossible":
    case "unknown":
      return change.reason;
  }
}
