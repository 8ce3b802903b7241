import { ErrorCode } from "../protocol/error-code.ts";
import { TopicConfig } from "../topics/topic-config.ts";
import { ResourceType } from "./describe-configs.ts";
import type { RequestContext } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

export type ConfigChange =
  | { readonly kind: "set"; readonly name: string; readonly value: string | null }
  | { readonly kind: "reset"; readonly name: string }
  | { readonly kind: "impossible"; readonly name: string; readonly reason: string };

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

type Answer = Resource & { readonly errorCode: ErrorCode; readonly errorMessage?: string };

/** Gives a topic the settings that `changesFor` makes of its present ones: all of them or none. */
export function alterResource(
  context: RequestContext,
  { resourceType, resourceName }: Resource,
  validateOnly: boolean,
  changesFor: (current: TopicConfig) => readonly ConfigChange[],
): Answer {
  const answer = (errorCode: ErrorCode, errorMessage?: string): Answer => ({
    resourceType,
    resourceName,
    errorCode,
    ...(errorMessage === undefined ? {} : { errorMessage }),
  });
  if (resourceType !== ResourceType.TOPIC) {
    return answer(ErrorCode.INVALID_REQUEST, "Only the settings of topics can be changed.");
  }
  if (resourceName === "") return answer(ErrorCode.INVALID_REQUEST, "A topic has a name.");
  const topic = context.topics.get(resourceName);
  if (topic === undefined)
    return answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unknown topic ${resourceName}`);
  const changes = changesFor(topic.config);
  const isOdd = changes.some((change) => change.kind === "set" && change.value === null);
  const isRepeated = new Set(changes.map(({ name }) => name)).size < changes.length;
  if (isOdd || isRepeated) return answer(ErrorCode.INVALID_REQUEST, "A setting needs one value.");
  const problem = changes.map(problemOf).find((found) => found !== undefined);
  if (problem !== undefined) return answer(ErrorCode.INVALID_CONFIG, problem);
  if (validateOnly) return answer(ErrorCode.NONE);
  const overrides = changes.flatMap((change) =>
    change.kind === "set" && change.value !== null ? [[change.name, change.value] as const] : [],
  );
  try {
    context.topics.configure(topic, overrides);
    return answer(ErrorCode.NONE);
  } catch (error) {
    return answer(storageErrorCode(error, context.settings, { topic: resourceName }));
  }
}

function problemOf(change: ConfigChange): string | undefined {
  switch (change.kind) {
    case "set":
      return TopicConfig.problem(change.name, change.value ?? "");
    case "reset":
      return undefined;
    case "impossible":
      return change.reason;
  }
}
