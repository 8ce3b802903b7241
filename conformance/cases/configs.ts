import { alterConfigs } from "../../packages/broker/src/protocol/messages/alter-configs.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { incrementalAlterConfigs } from "../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { ConsumerMember } from "../consumer-member.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;

const BACKOFF = "log.cleaner.backoff.ms";
const THREADS = "log.cleaner.threads";
const CLEANER_RATE = "log.cleaner.io.max.bytes.per.second";

/** Broker settings that are the same in both brokers, or that a client would look up. */
const BROKER_KEYS = ["num.partitions", "message.max.bytes", "auto.create.topics.enable"];

function describe(resourceName: string, configurationKeys: string[] | null, resourceType = TOPIC) {
  return { resources: [{ resourceType, resourceName, configurationKeys }], includeSynonyms: true };
}

function alter(resourceName: string, configs: Readonly<Record<string, string | null>>, resourceType = TOPIC) {
  const entries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  return { resources: [{ resourceType, resourceName, configs: entries }], validateOnly: false };
}

type Operation = readonly [name: string, configOperation: number, value: string | null];

function change(resourceName: string, operations: readonly Operation[], resourceType = TOPIC) {
  const configs = operations.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  return { resources: [{ resourceType, resourceName, configs }], validateOnly: false };
}

/** Waits until a setting has a value: Apache Kafka answers before its broker has heard of it. */
async function untilSet(
  session: Session,
  topic: string,
  name: string,
  value: string,
  step: string,
): Promise<void> {
  await session.sendUntil(
    describeConfigs,
    4,
    describe(topic, [name]),
    ({ results }) => results[0]?.configs[0]?.value === value,
    step,
  );
}

function firstValue(
  results: readonly {
    readonly configs: readonly { readonly name: string; readonly value: string | null }[];
  }[],
  wanted: string,
): string | null | undefined {
  return results[0]?.configs.find(({ name }) => name === wanted)?.value;
}

/** Settings that no request changes. Here `listeners` cannot be changed at all, so that who may is not compared. */
const FIXED_KEYS = [
  "advertised.listeners",
  "delete.topic.enable",
  "group.consumer.max.heartbeat.interval.ms",
  "group.consumer.max.session.timeout.ms",
  "group.consumer.min.heartbeat.interval.ms",
  "group.consumer.min.session.timeout.ms",
  "listener.security.protocol.map",
  "listeners",
  "log.cleaner.enable",
  "log.dirs",
  "log.initial.task.delay.ms",
  "offsets.topic.replication.factor",
  "process.roles",
  "transaction.state.log.replication.factor",
];

/** The listeners that both brokers have; each has ports of its own. */
function withoutPorts(value: string | null): string | null {
  return (
    value
      ?.split(",")
      .filter((listener) => !/^(UNSECURED|CONTROLLER)\b/.test(listener))
      .map((listener) => listener.replace(/:\d+$/, ":a port"))
      .join() ?? null
  );
}

export const configCases = [
  ...area("describe configs", {
    "of a topic at both ends": async (session, topic) => {
      await session.createTopic(topic, 1, { "retention.ms": "60000", "cleanup.policy": "compact" });
      for (const version of versionEnds(describeConfigs)) {
        await session.send(
          describeConfigs,
          version,
          describe(topic, ["retention.ms", "cleanup.policy", "segment.ms"]),
        );
      }
    },
    "all of a topic": async (session, topic) => {
      await session.createTopic(topic);
      const body = { ...describe(topic, null), includeSynonyms: false };
      await session.send(describeConfigs, 4, body);
    },
    "of the broker": async (session) => {
      const answer = await session.ask(describeConfigs, 4, {
        ...describe("1", BROKER_KEYS, BROKER),
        includeSynonyms: false,
      });
      session.note(
        "names and values",
        answer.results.map(({ errorCode, configs }) => ({
          errorCode,
          configs: configs.map(({ name, value, configType }) => ({ name, value, configType })),
        })),
      );
    },
    "of the broker, where it listens and what else holds from the start": async (session) => {
      const answer = await session.ask(describeConfigs, 4, describe("1", FIXED_KEYS, BROKER));
      const shown = answer.results.flatMap(({ configs }) => configs);
      session.note(
        "settings",
        shown.map(({ documentation: _d, synonyms: _s, readOnly: _r, value, ...config }) => ({
          ...config,
          value: config.name === "log.dirs" ? "a folder" : withoutPorts(value),
        })),
      );
    },
    "of what is not there": async (session, topic) => {
      await session.attempt(describeConfigs, 4, describe(`${topic}-unknown`, null), "unknown topic");
      await session.attempt(describeConfigs, 4, describe("a/b", null), "invalid name");
      await session.attempt(describeConfigs, 4, describe("", null), "no name");
      await session.attempt(describeConfigs, 4, describe("9", null, BROKER), "another broker");
      await session.attempt(describeConfigs, 4, describe("one", null, BROKER), "a broker without a number");
      await session.attempt(describeConfigs, 4, describe("x", null, 77), "an unknown kind");
      await session.createTopic(topic);
      await session.send(describeConfigs, 4, describe(topic, ["no.such.setting"]), "unknown setting");
      await session.send(describeConfigs, 4, describe(topic, []), "no settings");
    },
  }),
  ...area("alter configs", {
    "at both ends": async (session, topic) => {
      await session.createTopic(topic, 1, { "retention.ms": "60000" });
      for (const version of versionEnds(alterConfigs)) {
        await session.send(alterConfigs, version, alter(topic, { "segment.ms": `${70_000 + version}` }));
        await untilSet(session, topic, "segment.ms", `${70_000 + version}`, `set ${version}`);
        await untilSet(session, topic, "retention.ms", "604800000", `back to its default ${version}`);
      }
    },
    "what cannot be": async (session, topic) => {
      await session.createTopic(topic);
      await session.attempt(alterConfigs, 2, alter(topic, { "no.such.setting": "1" }), "unknown setting");
      await session.attempt(alterConfigs, 2, alter(topic, { "retention.ms": "soon" }), "not a number");
      await session.attempt(alterConfigs, 2, alter(topic, { "retention.ms": null }), "no value");
      await session.attempt(
        alterConfigs,
        2,
        alter(`${topic}-unknown`, { "retention.ms": "1" }),
        "unknown topic",
      );
      await session.attempt(alterConfigs, 2, alter("", { "retention.ms": "1" }), "no name");
      await session.attempt(alterConfigs, 2, alter("x", {}, 77), "an unknown kind");
      await session.send(
        alterConfigs,
        2,
        { ...alter(topic, { "segment.ms": "5000" }), validateOnly: true },
        "only looked at",
      );
      await session.send(describeConfigs, 4, describe(topic, ["segment.ms"]));
    },
  }),
  ...area("change configs", {
    "at both ends": async (session, topic) => {
      await session.createTopic(topic, 1, { "retention.ms": "60000" });
      for (const version of versionEnds(incrementalAlterConfigs)) {
        await session.send(
          incrementalAlterConfigs,
          version,
          change(topic, [["segment.ms", 0, `${80_000 + version}`]]),
        );
        await untilSet(session, topic, "segment.ms", `${80_000 + version}`, `set ${version}`);
      }
      await session.send(incrementalAlterConfigs, 1, change(topic, [["retention.ms", 1, null]]), "delete");
      await untilSet(session, topic, "retention.ms", "604800000", "deleted");
      await session.send(
        incrementalAlterConfigs,
        1,
        change(topic, [["cleanup.policy", 2, "compact"]]),
        "append",
      );
      await untilSet(session, topic, "cleanup.policy", "delete,compact", "appended");
      await session.send(
        incrementalAlterConfigs,
        1,
        change(topic, [["cleanup.policy", 3, "delete"]]),
        "subtract",
      );
      await untilSet(session, topic, "cleanup.policy", "compact", "subtracted");
    },
    "what cannot be": async (session, topic) => {
      await session.createTopic(topic);
      const attempt = (step: string, operations: readonly Operation[], name = topic, kind = TOPIC) =>
        session.attempt(incrementalAlterConfigs, 1, change(name, operations, kind), step);
      await attempt("unknown setting", [["no.such.setting", 0, "1"]]);
      await attempt("delete what is unknown", [["no.such.setting", 1, null]]);
      await attempt("delete what is not set", [["retention.ms", 1, null]]);
      await attempt("not a number", [["retention.ms", 0, "soon"]]);
      await attempt("no value", [["retention.ms", 0, null]]);
      await attempt("append to a number", [["retention.ms", 2, "5"]]);
      await attempt("subtract from a number", [["retention.ms", 3, "5"]]);
      await attempt("append nothing", [["cleanup.policy", 2, null]]);
      await attempt("append nonsense", [["cleanup.policy", 2, "burn"]]);
      await attempt("append what is there", [["cleanup.policy", 2, "delete"]]);
      await attempt("subtract what is not there", [["cleanup.policy", 3, "compact"]]);
      await attempt("subtract the last", [["cleanup.policy", 3, "delete"]]);
      await attempt("the same twice", [
        ["retention.ms", 0, "5000"],
        ["retention.ms", 1, null],
      ]);
      await attempt("unknown topic", [["retention.ms", 0, "5000"]], `${topic}-unknown`);
      await attempt("no name", [["retention.ms", 0, "5000"]], "");
      await attempt("an unknown kind", [["retention.ms", 0, "5000"]], "x", 77);
      await session.attempt(incrementalAlterConfigs, 1, { resources: [], validateOnly: false }, "nothing");
    },
  }),
  ...area("change the broker's configs", {
    "for the broker and for the cluster": async (session, topic) => {
      await session.createTopic(topic);
      const names = ["log.retention.ms", "log.cleanup.policy", "message.max.bytes"];
      const shown = async (step: string, value: string | null): Promise<void> => {
        await session.sendUntil(
          describeConfigs,
          4,
          describe("1", names, BROKER),
          ({ results }) => firstValue(results, "log.retention.ms") === value,
          step,
        );
        await session.send(describeConfigs, 4, describe("", null, BROKER), `${step}: of the cluster`);
        await session.send(describeConfigs, 4, describe(topic, ["retention.ms"]), `${step}: of a topic`);
      };
      const set = (name: string, operations: readonly Operation[]) =>
        session.send(incrementalAlterConfigs, 1, change(name, operations, BROKER));
      await shown("nothing is set", null);
      await set("", [["log.retention.ms", 0, "604800001"]]);
      await shown("set for the cluster", "604800001");
      await set("1", [["log.retention.ms", 0, "604800002"]]);
      await shown("set for the broker", "604800002");
      await set("1", [["log.retention.ms", 1, null]]);
      await shown("deleted for the broker", "604800001");
      await session.send(
        alterConfigs,
        2,
        alter("1", { "log.retention.ms": "604800003", "message.max.bytes": "1048588" }, BROKER),
      );
      await shown("altered for the broker", "604800003");
      await session.send(alterConfigs, 2, alter("1", {}, BROKER), "alter nothing");
      await shown("back to the cluster's", "604800001");
      await set("", [["log.retention.ms", 1, null]]);
      await shown("deleted for the cluster", null);
    },
    "what cannot be": async (session) => {
      const attempt = (step: string, operations: readonly Operation[], name = "1") =>
        session.attempt(incrementalAlterConfigs, 1, change(name, operations, BROKER), step);
      await attempt("read-only", [["num.partitions", 0, "3"]]);
      await attempt("read-only for the cluster", [["num.partitions", 0, "3"]], "");
      await attempt("one of them read-only", [
        ["log.segment.bytes", 0, "2000000"],
        ["auto.create.topics.enable", 0, "true"],
      ]);
      await attempt("hours", [["log.retention.hours", 0, "3"]]);
      await attempt("not a number", [["log.retention.ms", 0, "soon"]]);
      await attempt("an empty value", [["log.retention.ms", 0, ""]]);
      await attempt("no value", [["log.retention.ms", 0, null]]);
      await attempt("too small", [["log.segment.bytes", 0, "1024"]]);
      await attempt("no time", [["log.retention.ms", 0, "0"]]);
      await attempt("below nothing", [["max.connections", 0, "-1"]], "");
      await attempt("nonsense", [["log.cleanup.policy", 0, "burn"]], "");
      await attempt("append to a number", [["log.retention.ms", 2, "5"]]);
      await attempt("append to what is unknown", [["no.such.setting", 2, "5"]]);
      await attempt("delete what is unknown", [["no.such.setting", 1, null]]);
      await attempt("delete what is read-only", [["num.partitions", 1, null]]);
      await attempt("another broker", [["log.retention.ms", 0, "5"]], "9");
      await attempt("a broker without a number", [["log.retention.ms", 0, "5"]], "one");
      await attempt("nothing", []);
      await session.attempt(
        alterConfigs,
        2,
        alter("1", { "num.partitions": "2" }, BROKER),
        "alter read-only",
      );
      await session.attempt(
        alterConfigs,
        2,
        alter("1", { "log.retention.ms": null }, BROKER),
        "alter to null",
      );
      await session.send(describeConfigs, 4, describe("1", ["log.retention.ms"], BROKER), "nothing is set");
    },
    "how compaction works": async (session) => {
      const names = [BACKOFF, THREADS, CLEANER_RATE, "log.cleaner.min.cleanable.ratio"];
      const shown = (step: string, resourceName: string, name: string, value: string | undefined) =>
        session.sendUntil(
          describeConfigs,
          4,
          describe(resourceName, names, BROKER),
          ({ results }) => firstValue(results, name) === value,
          step,
        );
      const set = (name: string, operations: readonly Operation[]) =>
        session.send(incrementalAlterConfigs, 1, change(name, operations, BROKER));
      const attempt = (step: string, operation: Operation, name = "1") =>
        session.attempt(incrementalAlterConfigs, 1, change(name, [operation], BROKER), step);
      await shown("nothing is set", "1", BACKOFF, "15000");
      await attempt("no threads", [THREADS, 0, "0"]);
      await attempt("no threads for the cluster", [THREADS, 0, "0"], "");
      await attempt("too many threads for the cluster", [THREADS, 0, "3"], "");
      await set("1", [
        [BACKOFF, 0, "15001"],
        [THREADS, 0, "2"],
        [CLEANER_RATE, 0, "1e9"],
      ]);
      await shown("set for the broker", "1", BACKOFF, "15001");
      await attempt("a negative rest", [BACKOFF, 0, "-1"]);
      await attempt("a rest beyond all numbers", [BACKOFF, 0, "9223372036854775808"]);
      await attempt("half of a thread", [THREADS, 0, "1.5"]);
      await attempt("too many threads", [THREADS, 0, "5"]);
      await attempt("no rate", [CLEANER_RATE, 0, "fast"]);
      await attempt("an empty rate", [CLEANER_RATE, 0, ""]);
      await set("", [
        [BACKOFF, 0, "15002"],
        [THREADS, 0, "7"],
        [CLEANER_RATE, 0, "-2e-4"],
        ["log.cleaner.min.cleanable.ratio", 0, "0.50"],
      ]);
      await shown("set for the cluster", "", BACKOFF, "15002");
      await set("1", [[CLEANER_RATE, 1, null]]);
      await shown("the cluster's rate", "1", CLEANER_RATE, "-2.0E-4");
      await set(
        "",
        names.map((name) => [name, 1, null] as const),
      );
      await shown("nothing is set for the cluster", "", BACKOFF, undefined);
      await set(
        "1",
        names.map((name) => [name, 1, null] as const),
      );
      await shown("nothing is set any more", "1", BACKOFF, "15000");
    },
    "a name that means nothing": async (session) => {
      const name = "no.such.setting";
      const set = (operation: Operation) =>
        session.send(incrementalAlterConfigs, 1, change("1", [operation], BROKER));
      const request = describe("1", [name], BROKER);
      await set([name, 0, "secret"]);
      await session.sendUntil(
        describeConfigs,
        4,
        request,
        ({ results }) => results[0]?.configs.length === 1,
        "kept",
      );
      await set([name, 1, null]);
      await session.sendUntil(
        describeConfigs,
        4,
        request,
        ({ results }) => results[0]?.configs.length === 0,
        "gone",
      );
    },
  }),
  ...area("the configs of a group", {
    "at their bounds, set and reset": async (session, groupId) => {
      const names = ["consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"];
      const asked = [{ resourceType: GROUP, resourceName: groupId, configurationKeys: names }];
      const show = (step: string, version = 4) =>
        session.send(describeConfigs, version, { resources: asked, includeSynonyms: true }, step);
      const alter = async (step: string, name: string, value: string | null, configOperation = 0) => {
        const resource = { resourceType: GROUP, resourceName: groupId };
        const configs = [{ name, configOperation, value }];
        await session.send(
          incrementalAlterConfigs,
          1,
          { resources: [{ ...resource, configs }], validateOnly: false },
          step,
        );
      };
      await show("as they are");
      await alter("too short", "consumer.session.timeout.ms", "1");
      await alter("too long", "consumer.session.timeout.ms", "60001");
      await alter("no number", "consumer.session.timeout.ms", "x");
      await alter("unknown", "nonsense", "1");
      await alter("null", "consumer.session.timeout.ms", null);
      await alter("append", "consumer.session.timeout.ms", "50000", 2);
      await alter("set", "consumer.session.timeout.ms", "50000");
      await alter("set the interval", "consumer.heartbeat.interval.ms", "7000");
      const isSet = (answer: { results: { configs: { name: string; value: string | null }[] }[] }): boolean =>
        answer.results[0]?.configs.find(({ name }) => name === "consumer.heartbeat.interval.ms")?.value ===
        "7000";
      await session.sendUntil(describeConfigs, 4, { resources: asked, includeSynonyms: true }, isSet, "set");
      const member = new ConsumerMember(session, groupId, { memberId: "a", topics: [] });
      await member.join();
      await alter("reset", "consumer.heartbeat.interval.ms", null, 1);
      const isReset = (answer: Parameters<typeof isSet>[0]): boolean => !isSet(answer);
      await session.sendUntil(describeConfigs, 4, { resources: asked }, isReset, "as they were");
      await member.beat();
      const nameless = [{ resourceType: GROUP, resourceName: "", configurationKeys: names }];
      await session.send(describeConfigs, 4, { resources: nameless }, "no group");
    },
  }),
];
