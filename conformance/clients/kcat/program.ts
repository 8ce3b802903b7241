import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { step } from "../cache.ts";
import { type ProgramTask, report, runCommand, stopAsked } from "../task.ts";

const FORMAT = '{"value":"%s","partition":%p,"offset":%o}\n';

/** kcat itself is the client: this program only starts it and tells what it printed. */
await runCommand({ produce, consume, member, transact, zombie });

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

async function transact(task: ProgramTask): Promise<void> {
  if (!task.commit) return abort(task);
  const child = kcat(task, "-P", "-t", task.topic, "-K", ":", ...transactional(task));
  const end = ended(child);
  child.stdin.end(linesOf(task.prefix, task.count));
  await end;
}

function transactional({ id }: ProgramTask): string[] {
  return ["-X", `transactional.id=${id}`];
}

/** kcat commits when its input ends, and aborts when it is told to stop before. */
async function abort(task: ProgramTask): Promise<void> {
  const values = Array.from({ length: task.count }, (_, index) => `${task.prefix}-${index}`);
  const stuck = await beginTransaction(task, values);
  stuck.child.kill("SIGINT");
  stuck.goOn();
  await stuck.end;
}

/**
 * Starts a transaction that cannot end: each record comes from a file, and the last file is a pipe, which kcat
 * cannot open before somebody else does. Lines on standard input would not do: it sends none of them before it has read a lot.
 */
async function beginTransaction(
  task: ProgramTask,
  values: readonly string[],
): Promise<{ readonly child: Kcat; readonly end: Promise<void>; readonly goOn: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-kcat-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const files = values.map((value, index) => {
    const file = join(folder, `${index}`);
    writeFileSync(file, value);
    return file;
  });
  const pipe = join(folder, "pipe");
  const problem = step("mkfifo", [pipe]);
  if (problem !== null) throw new Error(problem);
  const child = kcat(task, "-P", "-t", task.topic, ...transactional(task), ...files, pipe);
  const end = ended(child);
  await Promise.race([end, untilSeen(task, values.at(-1) ?? "")]);
  // Opened both ways it waits for nobody, and stays open until this process ends: kcat gets through at any time.
  return { child, end, goOn: () => void openSync(pipe, "r+") };
}

/** Resolves when the value is in the log, committed or not. */
async function untilSeen(task: ProgramTask, value: string): Promise<void> {
  const options = ["-o", "beginning", "-u", "-q", "-X", "isolation.level=read_uncommitted"];
  const reader = kcat(task, "-C", "-t", task.topic, ...options);
  for await (const line of createInterface(reader.stdout)) if (line === value) break;
  reader.kill("SIGKILL");
}

async function zombie(task: ProgramTask): Promise<void> {
  const first = await beginTransaction(task, ["zombie-0"]);
  await transact({ ...task, prefix: "successor", count: 1, commit: true });
  first.goOn();
  try {
    await first.end;
    report({ fenced: null });
  } catch (error) {
    report({ fenced: String(error) });
  }
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
  // Line by line: its output may come in pieces, and what is told below must not stand between them.
  createInterface(child.stdout).on("line", (line) => process.stdout.write(`${line}\n`));
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
