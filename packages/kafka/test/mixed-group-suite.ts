import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { partitionName } from "@candlewick/contracts";
import { describe, expect, it } from "vitest";
import type { Consumer } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { numberOf } from "./consumer-suite.ts";
import { consume, fillKeyed, keyedTopic } from "./delivery-settings.ts";
import { uniqueName, until } from "./test-cluster.ts";

const isInstalled = spawnSync("kcat", ["-V"]).status === 0;
const PARTITIONS = 4;

/** A member of librdkafka: kcat in a process of its own. */
class KcatMember {
  readonly #process: ChildProcess;
  #told = "";

  constructor(bench: Bench, groupId: string, topic: string) {
    const brokers = bench.cluster().brokers.join(",");
    const settings = [
      "partition.assignment.strategy=cooperative-sticky",
      "auto.offset.reset=earliest",
      "heartbeat.interval.ms=200",
    ];
    const options = settings.flatMap((setting) => ["-X", setting]);
    const args = ["-b", brokers, "-G", groupId, ...options, "-q", "-u", "-f", "%p %s\\n", topic];
    this.#process = spawn("kcat", args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process.stdout?.on("data", (text: Buffer) => {
      this.#told += text.toString();
    });
  }

  /** What it has read: partitions and numbers. */
  get seen(): readonly (readonly [partition: number, number: number])[] {
    return this.#told
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const [partition, number] = line.split(" ");
        return [Number(partition), Number(number)] as const;
      });
  }

  async leave(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await gone;
  }
}

export function mixedGroupSuite(bench: Bench): void {
  describe.skipIf(!isInstalled)(
    `a group with members of librdkafka${isInstalled ? "" : " (kcat is not installed)"}`,
    () => {
      it.each([{ leader: "ours" }, { leader: "kcat" }])(
        "shares partitions, led by $leader",
        async ({ leader }) => {
          const topic = await keyedTopic(bench, PARTITIONS, 0, 1);
          const groupId = uniqueName("g");
          const seen: number[] = [];
          const revoked: string[] = [];
          const join = (): Promise<Consumer> =>
            consume(bench, topic, {
              groupId,
              assignor: "cooperative-sticky",
              handler: (record) => void seen.push(numberOf(record)),
              onRevoked: (partitions) => void revoked.push(...partitions.map(partitionName)),
            });
          const early = leader === "ours" ? await join() : null;
          let sent = 0;
          const send = async (): Promise<void> => {
            await fillKeyed(bench, topic, sent, sent + 40, 40);
            sent += 40;
          };
          await send();
          await until("ours has all", () => early === null || seen.length === sent);
          const kcat = new KcatMember(bench, groupId, topic);
          if (early === null) await until("kcat has all", () => kcat.seen.length === sent, 30_000);
          const consumer = early ?? (await join());
          // Each has two partitions of the topic, and ours with their retries.
          await until("shared", () => consumer.assignment().length === 6, 30_000);
          const before = kcat.seen.length;
          for (let rounds = 0; rounds < 50 && kcat.seen.length === before; rounds++) await send();
          await until("all is read", () => seen.length + kcat.seen.length >= sent, 30_000);
          const partitions = new Set(kcat.seen.slice(before).map(([partition]) => partition));
          expect(partitions.size).toBe(2);
          expect(new Set(revoked.filter((name) => name.startsWith(`${topic}:`))).size).toBe(
            leader === "ours" ? 2 : 0,
          );
          await kcat.leave();
          await until("all are ours again", () => consumer.assignment().length === 12, 30_000);
          await send();
          const numbers = (): Set<number> => new Set([...seen, ...kcat.seen.map(([, number]) => number)]);
          await until("nothing is lost", () => numbers().size === sent);
          await consumer.stop(5_000);
        },
      );
    },
  );
}
