import { Operation } from "../auth/acl.ts";
import { CLUSTER } from "../configuration/broker-configuration.ts";
import { brokerSettings } from "../configuration/broker-settings.ts";
import { javaHash } from "../configuration/java-hash.ts";
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

/** What one sees of settings that one may not see. */
const NOTHING_SET: CurrentConfig = { overrides: () => ({}), get: () => "", isList: () => false };

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
  /** Why sound values cannot be together. */
  readonly contradiction?: (overrides: Overrides) => string | undefined;
  /** Why a sound change is not made: found out last. */
  readonly objection?: (change: ConfigChange) => string | undefined;
  /** Set where there is no such thing: found out after the settings were judged, as in Apache Kafka. */
  readonly absence?: Problem;
  readonly replace: (overrides: Overrides) => void | Promise<void>;
}

type Overrides = readonly (readonly [string, string])[];

type Judgement =
  | { readonly kind: "refused"; readonly answer: Answer }
  /** The same, where Apache Kafka comes to it: another resource may spoil it. */
  | { readonly kind: "impossible"; readonly resource: Resource; readonly reason: string }
  /** Apache Kafka cannot go on, not even with the other resources. */
  | { readonly kind: "stumbles"; readonly resource: Resource }
  | {
      readonly kind: "sound";
      readonly resource: Resource;
      readonly target: Target;
      readonly changes: readonly ConfigChange[];
    };

/**
 * Gives topics, groups and the broker the settings that `changesFor` makes of their present ones: of each resource all
 * of them or none. A resource that is named twice cannot be what both say.
 */
export function alterResources<R extends Resource>(
  context: RequestContext,
  resources: readonly R[],
  validateOnly: boolean,
  changesFor: (resource: R, current: CurrentConfig) => readonly ConfigChange[],
): Promise<Answer[]> {
  const nameOf = ({ resourceType, resourceName }: R): string => `${resourceType} ${resourceName}`;
  const times = Map.groupBy(resources, nameOf);
  const judgements = resources.map((resource): Judgement => {
    if (times.get(nameOf(resource))?.length === 1) {
      return judge(context, resource, (current) => changesFor(resource, current));
    }
    const message = "Each resource must appear at most once.";
    return { kind: "refused", answer: answerTo(resource, ErrorCode.INVALID_REQUEST, message) };
  });
  const isSpoilt = judgements.some(({ kind }) => kind === "stumbles");
  return Promise.all(
    judgements.map((one) => {
      if (one.kind === "refused") return one.answer;
      if (isSpoilt || one.kind === "stumbles") {
        return answerTo(one.resource, ErrorCode.UNKNOWN_SERVER_ERROR, "An operation is unknown.");
      }
      return one.kind === "impossible"
        ? answerTo(one.resource, ErrorCode.INVALID_CONFIG, one.reason)
        : alter(context, one, validateOnly);
    }),
  );
}

function answerTo(
  { resourceType, resourceName }: Resource,
  errorCode: ErrorCode,
  errorMessage?: string,
): Answer {
  return { resourceType, resourceName, errorCode, ...(errorMessage === undefined ? {} : { errorMessage }) };
}

/** What can be told before the names and values of the settings are looked at. */
function judge(
  context: RequestContext,
  resource: Resource,
  changesFor: (current: CurrentConfig) => readonly ConfigChange[],
): Judgement {
  const refused = (errorCode: ErrorCode, errorMessage: string): Judgement => ({
    kind: "refused",
    answer: answerTo(resource, errorCode, errorMessage),
  });
  const target = targetOf(context, resource.resourceType, resource.resourceName);
  const isHidden = "errorCode" in target;
  const changes = changesFor(isHidden ? NOTHING_SET : target.current);
  const isOdd = changes.some((change) => change.kind === "set" && change.value === null);
  const isRepeated = new Set(changes.map(({ name }) => name)).size < changes.length;
  if (isOdd || isRepeated) return refused(ErrorCode.INVALID_REQUEST, "A setting needs one value.");
  if (isHidden) return refused(target.errorCode, target.errorMessage);
  const faults = changes.filter((change) => change.kind === "unknown" || change.kind === "impossible");
  const [fault] = inHashOrder(faults);
  if (fault?.kind === "impossible") return { kind: "impossible", resource, reason: fault.reason };
  if (fault?.kind !== "unknown") return { kind: "sound", resource, target, changes };
  return resource.resourceType === ResourceType.BROKER
    ? refused(ErrorCode.UNKNOWN_SERVER_ERROR, fault.reason)
    : { kind: "stumbles", resource };
}

/** Apache Kafka comes to the settings of a resource in the order of a hash map, by their names. */
function inHashOrder<T extends { readonly name: string }>(changes: readonly T[]): T[] {
  const bucket = ({ name }: T): number => {
    const hash = javaHash(name);
    return (hash ^ (hash >>> 16)) & (HASH_BUCKETS - 1);
  };
  return changes.toSorted((one, other) => bucket(one) - bucket(other));
}

/** So many a hash map has until it holds more than twelve. */
const HASH_BUCKETS = 16;

async function alter(
  context: RequestContext,
  { resource, target, changes }: Extract<Judgement, { kind: "sound" }>,
  validateOnly: boolean,
): Promise<Answer> {
  const answer = (errorCode: ErrorCode, errorMessage?: string): Answer =>
    answerTo(resource, errorCode, errorMessage);
  if (target.misnomer !== undefined) return answer(target.misnomer.errorCode, target.misnomer.errorMessage);
  const problem = changes.map((change) => problemOf(change, target)).find((found) => found !== undefined);
  if (problem !== undefined) return answer(target.problemCode, problem);
  const overrides = changes.flatMap((change) =>
    change.kind === "set" && change.value !== null ? [[change.name, change.value] as const] : [],
  );
  const contradiction = target.contradiction?.(overrides);
  if (contradiction !== undefined) return answer(target.problemCode, contradiction);
  const objection = changes.map((change) => target.objection?.(change)).find((found) => found !== undefined);
  if (objection !== undefined) return answer(ErrorCode.INVALID_CONFIG, objection);
  if (target.absence !== undefined) return answer(target.absence.errorCode, target.absence.errorMessage);
  if (validateOnly) return answer(ErrorCode.NONE);
  try {
    await target.replace(overrides);
    return answer(ErrorCode.NONE);
  } catch (error) {
    return answer(storageErrorCode(error, context.settings, { resource: resource.resourceName }));
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
    contradiction: (overrides) => new TopicConfig(settings.topicDefaults, overrides).contradiction,
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
