import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type ProgramTask, report, runCommand, stopAsked } from "../task.ts";

const FORMAT = '{"value":"%s","partition":%p,"offset":%o}\n';

/** kcat itself is the client: this program only starts it and tells what it printed. */
await runCommand({ produce, consume, member });

type Kcat = ChildProcessByStdio<Writable, Readable, Readable>;

function kcat({ brokers }: ProgramTask, ...args: string[]): Kcat {
  return spawn("kcat", ["-b", brokers, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}

async function ended(child: Kcat): Promise<void> {
  let errors = "";
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-600);
  });
  const [code, signal]: unknown[] = await once(child, "exit");
  if (code !== 0) throw new Error(`kcat ended with ${code ?? signal}: ${errors}`);
}

function linesOf(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${index}:${prefix}-${index}\n`).join("");
}

async function produce(task: ProgramTask): Promise<void> {
  const codec = task.codec === "none" ? [] : ["-z", task.codec];
  const child = kcat(task, "-P", "-t", task.topic, "-K", ":", "-X", "linger.ms=20", ...codec);
  const end = ended(child);
  child.stdin.end(linesOf(task.prefix, task.count));
  await end;
  report({ produced: task.count });
}

async function consume(task: ProgramTask): Promise<void> {
  const level = task.readCommitted ? "read_committed" : "read_uncommitted";
  const options = ["-o", "beginning", "-e", "-u", "-f", FORMAT, "-X", `isolation.level=${level}`];
  const child = kcat(task, "-C", "-t", task.topic, ...options);
  child.stdout.pipe(process.stdout);
  await ended(child);
}

/** kcat commits by itself, at least when partitions are revoked and when it ends. */
async function member(task: ProgramTask): Promise<void> {
  const settings = [
    "heartbeat.interval.ms=500",
    "auto.offset.reset=earliest",
    "auto.commit.interval.ms=100",
    "topic.metadata.refresh.interval.ms=1000",
  ];
  const options = settings.flatMap((setting) => ["-X", setting]);
  const child = kcat(task, "-G", task.group, "-u", "-f", FORMAT, ...options, task.topic);
  child.stdout.pipe(process.stdout, { end: false });
  createInterface(child.stderr).on("line", (line) => {
    const change = /(assigned|revoked): ?(.*)$/.exec(line);
    if (change === null) return;
    const partitions = [...(change[2] ?? "").matchAll(/\[(\d+)\]/g)].map(([, partition]) =>
      Number(partition),
    );
    report({ assigned: change[1] === "assigned" ? partitions : [] });
  });
  const end = once(child, "exit");
  await stopAsked();
  child.kill("SIGINT");
  await end;
}
