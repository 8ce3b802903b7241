import { alterConfigs } from "../../packages/broker/src/protocol/messages/alter-configs.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { incrementalAlterConfigs } from "../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { area } from "../suite.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;
const SUBTRACT = 3;

/** Settings that are read, told and refused as Java and the order of a hash map have it: found with drawn requests. */
export const oddSettingCases = area("odd settings", {
  "an operation on settings of a group without a name": async (session) => {
    const configs = [{ name: "consumer.session.timeout.ms", value: "60001", configOperation: SUBTRACT }];
    const resources = [{ resourceType: GROUP, resourceName: "", configs }];
    await session.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
  },
  "how many replicas must be in sync, of one broker": async (session) => {
    for (const resourceName of ["1", ""]) {
      const resource = { resourceType: BROKER, resourceName };
      for (const [configOperation, value] of [
        [0, "2"],
        [0, "x"],
        [0, "0"],
        [1, null],
        [2, "2"],
      ] as const) {
        const configs = [
          { name: "min.insync.replicas", value, configOperation },
          { name: "log.retention.ms", value: "5", configOperation: 0 },
        ];
        const step = `'${resourceName}' ${configOperation} ${value}`;
        for (const some of [configs, configs.slice(0, 1)]) {
          const resources = [{ ...resource, configs: some }];
          await session.send(incrementalAlterConfigs, 1, { resources, validateOnly: true }, step);
        }
      }
      const configs = [{ name: "min.insync.replicas", value: "2" }];
      const resources = [{ ...resource, configs }];
      await session.send(alterConfigs, 2, { resources, validateOnly: true });
    }
  },
  "settings as Java reads numbers": async (session, topic) => {
    await session.createTopic(topic);
    const longs = ["+7", "-0", "007", "--1", "1_000", "9223372036854775807", "9223372036854775808"];
    const doubles = ["", "NaN", ".5", "1.", "1d", "5e-1f", "0x1p-1", "0x1", "+0.5", "Infinity", "1e400", "."];
    const numbers = [
      ...longs.map((value) => ({ name: "retention.ms", value })),
      ...["1048575", "1048576", "+2147483647", "2147483648"].map((value) => ({
        name: "segment.bytes",
        value,
      })),
      ...doubles.map((value) => ({ name: "min.cleanable.dirty.ratio", value })),
    ];
    for (const config of numbers) {
      const configs = [{ ...config, configOperation: 0 }];
      const resources = [{ resourceType: TOPIC, resourceName: topic, configs }];
      const { name, value } = config;
      await session.send(incrementalAlterConfigs, 1, { resources, validateOnly: true }, `${name}=${value}`);
    }
  },
  "an operation of no kind among others": async (session, topic) => {
    for (const name of [topic, `${topic}-2`]) await session.createTopic(name);
    const wrong = { name: "preallocate", value: "1", configOperation: 0 };
    const list = { name: "local.retention.bytes", value: "-2", configOperation: SUBTRACT };
    const unknown = (name: string) => ({ name, value: "TRUE", configOperation: 4 });
    const first = unknown("file.delete.delay.ms");
    const last = unknown("unclean.leader.election.enable");
    const of = (resourceName: string, ...configs: object[]) => ({
      resourceType: TOPIC,
      resourceName,
      configs: configs as (typeof wrong)[],
    });
    const other = `${topic}-2`;
    const requests = {
      "behind another fault": [of(topic, list, last)],
      "before another fault": [of(topic, list, first)],
      "beside a wrong value": [of(topic, wrong, last)],
      "in another resource": [of(topic, wrong), of(other, first)],
      "in another resource, behind a fault": [of(topic, wrong), of(other, list, last)],
      "beside resources that are refused before": [
        of(topic, { ...wrong, value: null }),
        of("none", list),
        of(other, first),
        { ...of("", wrong), resourceType: 3 },
      ],
    };
    for (const [step, resources] of Object.entries(requests)) {
      await session.send(incrementalAlterConfigs, 1, { resources, validateOnly: true }, step);
    }
  },
  "settings as they are told": async (session, topic) => {
    const given = {
      "retention.ms": " 5 ",
      "segment.bytes": "+1048576",
      "min.cleanable.dirty.ratio": "1",
      preallocate: " TRUE ",
      "cleanup.policy": " compact , delete, compact ",
      "compression.type": " gzip ",
      "leader.replication.throttled.replicas": " 0:1 , 1:1,0:1",
      "index.interval.bytes": "007",
    };
    await session.createTopic(topic, 1, given);
    const resources = [{ resourceType: TOPIC, resourceName: topic, configurationKeys: Object.keys(given) }];
    await session.send(describeConfigs, 4, { resources, includeSynonyms: true });
  },
  "replicas that are slowed down": async (session, topic) => {
    await session.createTopic(topic);
    for (const value of ["x", "none", "*", "*,x", "x,*", "0:1,1:1", "0:1,", ",", "0:", "0:1:2", " 0:1"]) {
      for (const side of ["leader", "follower"]) {
        const configs = [{ name: `${side}.replication.throttled.replicas`, value, configOperation: 0 }];
        const resources = [{ resourceType: TOPIC, resourceName: topic, configs }];
        await session.send(
          incrementalAlterConfigs,
          1,
          { resources, validateOnly: true },
          `${side} '${value}'`,
        );
      }
    }
  },
  "settings of resources of which one is of no kind": async (session, topic) => {
    await session.createTopic(topic);
    const sound = { resourceType: TOPIC, resourceName: topic, configurationKeys: ["retention.ms"] };
    for (const resourceType of [0, 3]) {
      await session.send(describeConfigs, 4, { resources: [sound, { ...sound, resourceType }] });
    }
  },
  "settings that cannot be together": async (session, topic) => {
    const [least, most] = ["min.compaction.lag.ms", "max.compaction.lag.ms"];
    const both = { name: `${topic}-both`, numPartitions: 1, replicationFactor: 1, assignments: [] };
    const configs = [
      { name: least, value: "5" },
      { name: most, value: "1" },
    ];
    await session.send(createTopics, 7, { topics: [{ ...both, configs }], timeoutMs: 5000 });
    await session.createTopic(topic, 1, { [most]: "4" });
    const set = (name: string, changes: readonly (readonly [string, string])[]) => ({
      resources: [
        {
          resourceType: TOPIC,
          resourceName: name,
          configs: changes.map(([key, value]) => ({ name: key, value, configOperation: 0 })),
        },
      ],
      validateOnly: false,
    });
    await session.send(incrementalAlterConfigs, 1, set(topic, [[least, "5"]]), "beyond what is set");
    await session.send(incrementalAlterConfigs, 1, set(topic, [[least, "4"]]), "as far as it goes");
    await session.send(incrementalAlterConfigs, 1, set(topic, [[most, "3"]]), "below what is set");
    const unknown = set(`${topic}-unknown`, [
      [least, "5"],
      [most, "1"],
    ]);
    await session.send(incrementalAlterConfigs, 1, unknown, "of an unknown topic");
    const resources = [{ resourceType: TOPIC, resourceName: topic, configs: [{ name: least, value: "9" }] }];
    await session.send(alterConfigs, 1, { resources, validateOnly: false }, "alone");
    const keys = { resourceType: TOPIC, resourceName: topic, configurationKeys: [least, most] };
    await session.send(describeConfigs, 4, { resources: [keys] });
  },
});
