import { suggest } from "@candlewick/runtime";
import { badOptions } from "../delivery/delivery-errors.ts";
import type { ConsumerOptions, GroupAssignor, HandlerModule } from "./consumer-options.ts";

/** What an option must be, in words, and whether it is. */
interface Rule {
  readonly wanted: string;
  allows(value: unknown): boolean;
}

const MAX_RETRY_TOPICS = 20;
/** The longest that a timer of Node can wait. */
const MAX_MS = 2 ** 31 - 1;

const whole = (least: number, greatest = Number.MAX_SAFE_INTEGER): Rule => ({
  wanted: `a whole number from ${least} ${greatest === Number.MAX_SAFE_INTEGER ? "on" : `to ${greatest}`}`,
  allows: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= greatest,
});
const milliseconds = (least: number): Rule => ({
  wanted: `milliseconds from ${least} to ${MAX_MS}`,
  allows: (value) => typeof value === "number" && value >= least && value <= MAX_MS,
});
const oneOf = (...choices: readonly string[]): Rule => ({
  wanted: `one of ${choices.join(", ")}`,
  allows: (value) => typeof value === "string" && choices.includes(value),
});
const isA = (wanted: string, kind: "function" | "boolean" | "object"): Rule => ({
  wanted,
  allows: (value) => typeof value === kind && value !== null,
});
const callable = isA("a function", "function");
const yesOrNo = isA("true or false", "boolean");

/** Every option with its rule. A name that is not here is a mistake: what it was to change stays as it is. */
const RULES: { readonly [Name in keyof Required<ConsumerOptions>]: Rule } = {
  groupId: { wanted: "a name", allows: (value) => typeof value === "string" && value !== "" },
  topics: {
    wanted: "a list of names and regular expressions, at least one",
    allows: (value) => Array.isArray(value) && value.length > 0 && value.every(isTopic),
  },
  handler: {
    wanted: "a function, or { module: URL, threads }",
    allows: (value) => typeof value === "function" || isHandlerModule(value),
  },
  batch: isA("an object with a handler", "object"),
  parallelism: oneOf("key", "partition", "single"),
  concurrency: whole(1),
  order: oneOf("key", "none"),
  offset: {
    wanted: "first, last, earliest, latest, a Date, { timeMs }, or an offset from 0 on",
    allows: isStart,
  },
  ignoreCommitted: yesOrNo,
  isolation: oneOf("read_committed", "read_uncommitted"),
  commit: {
    wanted: '"manual", or { intervalMs, everyRecords } of numbers from 1 on',
    allows: (value) => value === "manual" || hasOnly(value, { intervalMs: 1, everyRecords: 1 }),
  },
  retry: {
    wanted: `{ delaysMs, jitter, backoffMs, maxBackoffMs, transientForMs } of numbers from 0 on, with at most ${MAX_RETRY_TOPICS} delays`,
    allows: isRetry,
  },
  onFailure: oneOf("dead-letter", "stop"),
  classify: callable,
  createTopics: yesOrNo,
  maxInFlightBytes: whole(1),
  maxInFlightRecords: whole(1),
  groupProtocol: oneOf("classic", "consumer"),
  assignor: oneOf("range", "cooperative-sticky", "uniform"),
  groupInstanceId: { wanted: "a name", allows: (value) => typeof value === "string" && value !== "" },
  sessionTimeoutMs: milliseconds(1),
  heartbeatIntervalMs: milliseconds(1),
  rebalanceTimeoutMs: milliseconds(1),
  topicRefreshMs: milliseconds(1),
  moveTimeoutMs: milliseconds(0),
  stallReportMs: milliseconds(1),
  onStall: callable,
  onAssigned: callable,
  onRevoked: callable,
  acceptLostOffsets: yesOrNo,
  metrics: isA("a registry of prom-client", "object"),
};

const BATCH_RULES: Readonly<Record<string, Rule>> = {
  handler: callable,
  maxRecords: whole(1),
  maxBytes: whole(1),
  lingerMs: milliseconds(0),
};

const ASSIGNORS: Readonly<Record<"classic" | "consumer", readonly GroupAssignor[]>> = {
  classic: ["range", "cooperative-sticky"],
  consumer: ["uniform", "range"],
};

/** Throws BAD_CONSUMER_OPTIONS for options that cannot be, or that no consumer has. */
export function checkOptions(options: ConsumerOptions): void {
  checkRules("option", options, RULES);
  if (options.groupId === undefined) throw badOptions("A consumer needs a groupId.", "Name its group.");
  if (options.topics === undefined) throw badOptions("A consumer needs topics.", "Name at least one.");
  if ((options.handler === undefined) === (options.batch === undefined)) {
    throw badOptions("A consumer needs a handler or a batch handler.", "Give exactly one of the two.");
  }
  const { groupProtocol = "classic", assignor } = options;
  if (assignor !== undefined && !ASSIGNORS[groupProtocol].includes(assignor)) {
    throw badOptions(
      `The assignor ${assignor} cannot be with the groupProtocol ${groupProtocol}.`,
      `Use one of ${ASSIGNORS[groupProtocol].join(", ")}, or leave it out.`,
    );
  }
  if (options.batch !== undefined) {
    checkRules("option batch", options.batch, BATCH_RULES);
    if (options.batch.handler === undefined) throw badOptions("A batch needs a handler.", "Give it one.");
  }
}

function checkRules(what: string, options: object, rules: Readonly<Record<string, Rule>>): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name];
    const place = `The consumer's ${what}${what === "option" ? " " : "."}${name}`;
    if (rule === undefined) {
      const meant = suggest(name, Object.keys(rules));
      throw badOptions(
        `${place} is not known.`,
        meant === undefined ? "Leave it out." : `Did you mean ${meant}?`,
      );
    }
    if (value !== undefined && !rule.allows(value)) {
      throw badOptions(
        `${place} cannot be ${shown(value)}; it must be ${rule.wanted}.`,
        "Correct the option.",
      );
    }
  }
}

function isTopic(topic: unknown): boolean {
  return topic instanceof RegExp || (typeof topic === "string" && topic !== "");
}

function isHandlerModule(value: unknown): value is HandlerModule {
  if (typeof value !== "object" || value === null || !("module" in value)) return false;
  const threads = "threads" in value ? value.threads : undefined;
  return value.module instanceof URL && (threads === undefined || whole(1).allows(threads));
}

function isStart(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (typeof value === "object") return hasOnly(value, { timeMs: 0 });
  return typeof value === "number"
    ? whole(0).allows(value)
    : oneOf("first", "last", "earliest", "latest").allows(value);
}

function isRetry(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { delaysMs = [], ...numbers } = value as { delaysMs?: unknown };
  const areDelays =
    Array.isArray(delaysMs) &&
    delaysMs.length <= MAX_RETRY_TOPICS &&
    delaysMs.every((delayMs) => delayMs >= 0);
  return areDelays && hasOnly(numbers, { jitter: 0, backoffMs: 0, maxBackoffMs: 0, transientForMs: 0 });
}

/** Whether it has no other properties than these, each a number from its least value on. */
function hasOnly(value: unknown, least: Readonly<Record<string, number>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([name, number]) => {
    const from = least[name];
    return from !== undefined && (number === undefined || (typeof number === "number" && number >= from));
  });
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Date) return "a time that is none";
  return typeof value === "object" && value !== null ? (JSON.stringify(value) ?? "an object") : String(value);
}
