import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolRun } from "./tool.ts";

const TO = ["--bootstrap-server", "BROKER"];
const TOPIC = ["--topic", "tools"];
const GROUP = ["--group", "tools-readers"];
const LINES = Array.from({ length: 50 }, (_, index) => `key-${index}:value ${index}\n`).join("");

/** Only whether this is found in the output, for tools that print times and rates. */
function holds(...patterns: readonly RegExp[]): (output: string) => string {
  return (output) => patterns.map((pattern) => pattern.exec(output)?.[0] ?? `no ${pattern}`).join("\n");
}

function run(tool: string, purpose: string, args: readonly string[], more: Partial<ToolRun> = {}): ToolRun {
  return { tool, purpose, args: [...TO, ...args], ...more };
}

const quick = { isQuick: true } as const;
const deletion = join(tmpdir(), `candlewick-delete-records-${process.pid}.json`);

/** In an order in which each finds what it needs. */
export function toolRuns(): readonly ToolRun[] {
  const partitions = [{ topic: "tools", partition: 0, offset: 10 }];
  writeFileSync(deletion, JSON.stringify({ partitions, version: 1 }));
  return [...topicRuns(), ...groupRuns(), ...recordRuns(), ...clusterRuns()];
}

function topicRuns(): ToolRun[] {
  return [
    run(
      "kafka-topics",
      "create",
      ["--create", ...TOPIC, "--partitions", "1", "--config", "retention.ms=86400000"],
      quick,
    ),
    run("kafka-topics", "create again", ["--create", ...TOPIC], { essence: holds(/already exists/) }),
    run(
      "kafka-console-producer",
      "send with keys",
      [
        ...TOPIC,
        ...["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"],
        ...["--compression-codec", "zstd"],
      ],
      { input: LINES, ...quick },
    ),
    run(
      "kafka-console-consumer",
      "read all in a group",
      [
        ...[...TOPIC, ...GROUP, "--from-beginning", "--max-messages", "50"],
        ...["--formatter-property", "print.key=true", "--formatter-property", "print.offset=true"],
      ],
      { essence: (output) => output, ...quick },
    ),
    run("kafka-topics", "describe", ["--describe", ...TOPIC], { essence: withoutIds, ...quick }),
    run("kafka-topics", "add partitions", ["--alter", ...TOPIC, "--partitions", "3"]),
    run("kafka-get-offsets", "latest", [...TOPIC], quick),
    run("kafka-get-offsets", "earliest", [...TOPIC, "--time", "earliest"]),
    run("kafka-get-offsets", "of the greatest time", [...TOPIC, "--time", "max-timestamp"], {
      essence: holds(/^tools:0:/m),
    }),
    run("kafka-configs", "alter a topic", ["--alter", ...TOPIC, "--add-config", "max.message.bytes=2000000"]),
    run("kafka-configs", "describe a topic", ["--describe", ...TOPIC]),
    run("kafka-configs", "add SCRAM credentials", [
      ...["--alter", "--entity-type", "users", "--entity-name", "alice"],
      ...["--add-config", "SCRAM-SHA-256=[iterations=4096,password=secret]"],
    ]),
    run("kafka-configs", "describe SCRAM credentials", [
      "--describe",
      "--entity-type",
      "users",
      "--entity-name",
      "alice",
    ]),
  ];
}

/** Topic ids are each broker's own; a cluster of Apache Kafka has min.insync.replicas as a setting of its own. */
function withoutIds(output: string): string {
  return output.replaceAll(/TopicId: \S+/g, "TopicId: ID").replace("min.insync.replicas=1,", "");
}

/** Reads the topic of the offsets to its present end. */
function formatted(formatter: string): string[] {
  return [
    ...["--topic", "__consumer_offsets", "--from-beginning", "--timeout-ms", "6000"],
    ...["--formatter", `org.apache.kafka.tools.consumer.${formatter}`],
  ];
}

/**
 * What was said last of each group: how often it was said before is each broker's own. The formatters write object
 * behind object, without a line end.
 */
function lastOf(output: string, pattern: RegExp): string {
  const found = output.split(/\n|(?<=\})(?=\{)/).flatMap((object) => pattern.exec(object) ?? []);
  const last = new Map<string, string>();
  for (let at = 0; at + 3 < found.length; at += 4) {
    const [, group = "", second = "", third = ""] = found.slice(at, at + 4);
    if (!group.startsWith("console-consumer-")) last.set(group, `${group} ${second} ${third}`);
  }
  return [...last.values()].toSorted().join("\n");
}

function groupRuns(): ToolRun[] {
  return [
    run("kafka-groups", "list", ["--list"], { essence: holds(/tools-readers.*/) }),
    run("kafka-console-consumer", "read committed offsets", formatted("OffsetsMessageFormatter"), {
      essence: (output) => lastOf(output, /"group":"([^"]+)","topic":"([^"]+)".*"offset":(\d+)/),
    }),
    run("kafka-console-consumer", "read groups", formatted("GroupMetadataMessageFormatter"), {
      essence: (output) =>
        lastOf(output, /"group":"([^"]+)".*"protocolType":"([^"]+)".*"protocol":("[^"]+"|null)/),
    }),
    run("kafka-consumer-groups", "describe", ["--describe", ...GROUP], { essence: ofGroup, ...quick }),
    run("kafka-consumer-groups", "describe the state", ["--describe", ...GROUP, "--state"], {
      essence: ofGroup,
    }),
    run(
      "kafka-consumer-groups",
      "reset offsets",
      [...GROUP, ...TOPIC, "--reset-offsets", "--to-offset", "20", "--execute"],
      { essence: ofGroup },
    ),
    run("kafka-console-consumer", "go on after the reset", [...TOPIC, ...GROUP, "--max-messages", "30"]),
    run("kafka-consumer-groups", "delete offsets", [...GROUP, ...TOPIC, "--delete-offsets"]),
    run("kafka-consumer-groups", "delete", ["--delete", ...GROUP]),
    run("kafka-consumer-groups", "describe what is deleted", ["--describe", ...GROUP], {
      essence: holds(/does not exist|not found/),
    }),
  ];
}

/** The words of each line, whatever the widths of the columns. */
function ofGroup(output: string): string {
  return output
    .split("\n")
    .map((line) => line.trim().split(/\s+/).join(" "))
    .filter((line) => line !== "")
    .toSorted()
    .join("\n");
}

function recordRuns(): ToolRun[] {
  const perf = ["--num-records", "5000", "--record-size", "1000", "--throughput", "-1"];
  const count = ["--max-messages", "200"];
  return [
    run(
      "kafka-producer-perf-test",
      "5,000 records, acks=all",
      ["--topic", "perf", ...perf, "--command-property", "acks=all"],
      { essence: holds(/5000 records sent/) },
    ),
    run("kafka-consumer-perf-test", "read them", ["--topic", "perf", "--num-records", "5000"], {
      essence: holds(/data\.consumed\.in\.MB/),
    }),
    run(
      "kafka-e2e-latency",
      "100 records",
      ["--topic", "latency", "--num-records", "100", "--producer-acks", "all", "--record-size", "100"],
      { essence: holds(/Percentiles/) },
    ),
    run("kafka-verifiable-producer", "200 records", ["--topic", "verified", ...count, "--acks", "-1"], {
      essence: holds(/"sent":200/, /"acked":200/),
    }),
    run(
      "kafka-verifiable-consumer",
      "read them",
      ["--topic", "verified", "--group-id", "verifiers", ...count],
      { essence: holds(/"count":\d+/) },
    ),
    run("kafka-delete-records", "up to offset 10", ["--offset-json-file", deletion], {
      essence: holds(/low_watermark: 10/),
    }),
    run("kafka-get-offsets", "earliest after that", [...TOPIC, "--time", "earliest"]),
  ];
}

function clusterRuns(): ToolRun[] {
  const alteredUser = ["--alter", "--entity-type", "users", "--entity-name", "tools"];
  const alteredClients = ["--alter", "--entity-type", "clients", "--entity-default"];
  const anybody = ["--allow-principal", "User:bob", "--operation", "Read", ...TOPIC];
  return [
    run("kafka-acls", "add", ["--add", ...anybody]),
    run("kafka-acls", "list", ["--list", ...TOPIC]),
    run("kafka-acls", "remove", ["--remove", "--force", ...anybody]),
    { tool: "kafka-transactions", purpose: "list", args: [...TO, "list"] },
    run("kafka-transactions", "describe producers", ["describe-producers", ...TOPIC, "--partition", "0"], {
      essence: holds(/ProducerId\s+ProducerEpoch/),
    }),
    run("kafka-log-dirs", "describe", ["--describe", "--topic-list", "tools"], {
      essence: (output) => [...output.matchAll(/"partition":"[^"]+"/g)].map(String).toSorted().join(),
    }),
    run("kafka-leader-election", "preferred, all", [
      "--election-type",
      "preferred",
      "--all-topic-partitions",
    ]),
    run("kafka-broker-api-versions", "print", [], { essence: holds(/Produce\(0\): 0 to/) }),
    {
      tool: "kafka-cluster",
      purpose: "cluster-id",
      args: ["cluster-id", ...TO],
      essence: holds(/Cluster ID: /),
    },
    run("kafka-configs", "set quotas of users", [
      ...alteredUser,
      "--add-config",
      "producer_byte_rate=100000",
    ]),
    run("kafka-configs", "describe quotas of users", [
      "--describe",
      "--entity-type",
      "users",
      "--entity-name",
      "tools",
    ]),
    run("kafka-configs", "remove quotas of users", [...alteredUser, "--delete-config", "producer_byte_rate"]),
    run("kafka-configs", "set quotas of all clients", [
      ...alteredClients,
      "--add-config",
      "request_percentage=50",
    ]),
    run("kafka-configs", "describe quotas of clients", [
      "--describe",
      "--entity-type",
      "clients",
      "--entity-default",
    ]),
    run("kafka-configs", "remove quotas of all clients", [
      ...alteredClients,
      "--delete-config",
      "request_percentage",
    ]),
    run("kafka-features", "describe", ["describe"], {
      essence: holds(
        /group.version.*FinalizedVersionLevel: \d/,
        /metadata.version.*FinalizedVersionLevel: \S+/,
      ),
    }),
    run("kafka-metadata-quorum", "describe the status", ["describe", "--status"], {
      essence: holds(
        /LeaderId:\s+\d+/,
        /LeaderEpoch:\s+\d+/,
        /MaxFollowerLag:\s+0/,
        /CurrentObservers:\s+\[\]/,
      ),
    }),
    run("kafka-metadata-quorum", "describe the replication", ["describe", "--replication"], {
      essence: holds(/NodeId\s+DirectoryId\s+LogEndOffset\s+Lag/, /^1\s/m, /Leader/),
    }),
    run("kafka-topics", "list", ["--list"]),
    run("kafka-topics", "list without internal ones", ["--list", "--exclude-internal"]),
    run("kafka-topics", "delete", ["--delete", ...TOPIC]),
    run("kafka-topics", "describe what is deleted", ["--describe", ...TOPIC], {
      essence: holds(/does not exist/),
    }),
  ];
}
