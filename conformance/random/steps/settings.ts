import { alterConfigs } from "../../../packages/broker/src/protocol/messages/alter-configs.ts";
import { describeConfigs } from "../../../packages/broker/src/protocol/messages/describe-configs.ts";
import { incrementalAlterConfigs } from "../../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import type { Choice } from "../choice.ts";
import { anyGroup, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";
import type { World } from "../world.ts";

const METADATA = { kind: "metadata" } as const;
const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;

/** Settings of other kinds of groups are left out by the embedded broker. */
const GROUP_KEYS = ["consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"];

const VALUES: Readonly<Record<string, readonly [string | null, ...(string | null)[]]>> = {
  "cleanup.policy": [
    "compact",
    "delete",
    "compact,delete",
    "delete,compact",
    "compact,compact",
    "",
    "none",
    " compact",
    null,
  ],
  "retention.ms": [
    "-1",
    "0",
    "3600000",
    "-2",
    "abc",
    "",
    "1.5",
    " 5 ",
    "+7",
    "9223372036854775807",
    "9223372036854775808",
  ],
  "retention.bytes": ["-1", "1000", "-2", "0x10"],
  "segment.bytes": ["1048576", "1073741824", "14", "0", "2147483648", "1000"],
  "segment.ms": ["0", "1", "604800000"],
  "max.message.bytes": ["300", "0", "-1", "1048588", "100"],
  "message.timestamp.type": ["LogAppendTime", "CreateTime", "logappendtime", ""],
  "message.timestamp.after.max.ms": ["0", "1000", "-1", "9223372036854775807"],
  "message.timestamp.before.max.ms": ["0", "1000", "-1"],
  "compression.type": ["producer", "gzip", "zstd", "none", "uncompressed", "GZIP"],
  "min.insync.replicas": ["1", "2", "0"],
  "unclean.leader.election.enable": ["true", "false", "TRUE", "yes", ""],
  "min.cleanable.dirty.ratio": ["0", "0.5", "1", "1.1", "-0.1", "NaN", "1e-1"],
  "delete.retention.ms": ["0", "-1", "86400000"],
  "min.compaction.lag.ms": ["0", "-1", "5"],
  "max.compaction.lag.ms": ["0", "1", "9223372036854775807"],
  "flush.messages": ["1", "0", "9223372036854775807"],
  "flush.ms": ["0", "1"],
  "file.delete.delay.ms": ["0", "-1"],
  "index.interval.bytes": ["0", "-1", "4096"],
  // Of an index of one entry Apache Kafka makes no log.
  "segment.index.bytes": ["1000", "3", "10485760"],
  "segment.jitter.ms": ["0", "-1"],
  preallocate: ["true", "false", "1"],
  "remote.storage.enable": ["true", "false"],
  "local.retention.ms": ["-2", "-1", "5"],
  "local.retention.bytes": ["-2", "-3"],
  "leader.replication.throttled.replicas": ["*", "0:1", "none", "", "0:1,1:1", "x"],
  "message.format.version": ["3.0", "1.0"],
  "message.downconversion.enable": ["true"],
  "no.such.setting": ["1", null],
  "": ["1"],
};

const GROUP_VALUES: Readonly<Record<string, readonly [string | null, ...(string | null)[]]>> = {
  "consumer.session.timeout.ms": ["45000", "50000", "1", "60001", "abc", "", null],
  "consumer.heartbeat.interval.ms": ["5000", "6000", "1", "100000", "-1"],
  "no.such.setting": ["1"],
};

function from(
  values: Readonly<Record<string, readonly [string | null, ...(string | null)[]]>>,
  choice: Choice,
): { readonly name: string; readonly value: string | null } {
  const names = Object.keys(values);
  const name = names[choice.below(names.length)] ?? "";
  return { name, value: choice.pick(...(values[name] ?? [null])) };
}

export function topicSetting(choice: Choice): { readonly name: string; readonly value: string | null } {
  return from(VALUES, choice);
}

interface Resource {
  readonly resourceType: number;
  readonly resourceName: (world: World) => string;
}

/** Settings of a subscription to metrics are told by the embedded broker, but cannot be changed. */
function resource(choice: Choice, ...more: readonly number[]): Resource {
  const resourceType = choice.mostly(TOPIC, GROUP, GROUP, BROKER, 0, 3, ...more);
  const topic = topicName(choice);
  const group = anyGroup(choice);
  const broker = choice.pick("1", "", "2", "abc");
  const resourceName = (world: World): string =>
    resourceType === BROKER || resourceType === 8
      ? broker
      : world.name(resourceType === GROUP ? group : topic);
  return { resourceType, resourceName };
}

function settingFor({ resourceType }: Resource, choice: Choice) {
  return resourceType === GROUP ? from(GROUP_VALUES, choice) : topicSetting(choice);
}

/** Settings of brokers hold for all runs: they are only judged. */
function isOnlyJudged(resources: readonly Resource[], choice: Choice): boolean {
  return (
    choice.chance(0.2) ||
    resources.some(({ resourceType }) => resourceType !== TOPIC && resourceType !== GROUP)
  );
}

function alter(choice: Choice): Step {
  const version = choice.version(incrementalAlterConfigs);
  const resources = choice.several(1, choice.mostly(1, 2), () => {
    const one = resource(choice);
    const configs = choice.several(choice.mostly(1, 0), 2, () => ({
      ...settingFor(one, choice),
      configOperation: one.resourceType === BROKER ? choice.pick(0, 1) : choice.mostly(0, 1, 2, 3, 4),
    }));
    return { ...one, configs };
  });
  const validateOnly = isOnlyJudged(resources, choice);
  return step(
    incrementalAlterConfigs,
    version,
    (world) => ({
      resources: resources.map((one) => ({ ...one, resourceName: one.resourceName(world) })),
      validateOnly,
    }),
    { background: METADATA },
  );
}

function replace(choice: Choice): Step {
  const version = choice.version(alterConfigs);
  const one = resource(choice);
  const configs = choice.several(0, 2, () => settingFor(one, choice));
  const validateOnly = isOnlyJudged([one], choice);
  return step(
    alterConfigs,
    version,
    (world) => ({ resources: [{ ...one, resourceName: one.resourceName(world), configs }], validateOnly }),
    { background: METADATA },
  );
}

function describe(choice: Choice): Step {
  const version = choice.version(describeConfigs);
  const resources = choice.several(1, choice.mostly(1, 2), () => resource(choice, 16));
  // All the settings of a broker are told only where they are asked for by name: each has its own.
  const keys = choice.pick(
    null,
    ["cleanup.policy", "retention.ms"],
    [],
    ["no.such"],
    ["cleanup.policy", "cleanup.policy"],
  );
  const includeSynonyms = choice.chance(0.3);
  return step(
    describeConfigs,
    version,
    (world) => ({
      resources: resources.map((one) => ({
        resourceType: one.resourceType,
        resourceName: one.resourceName(world),
        configurationKeys:
          one.resourceType === TOPIC ? keys : one.resourceType === GROUP ? GROUP_KEYS : ["no.such"],
      })),
      includeSynonyms,
    }),
    { isRead: true },
  );
}

export const settingSteps = [alter, alter, replace, describe, describe] as const;
