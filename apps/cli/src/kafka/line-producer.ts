import { readFileSync } from "node:fs";
import {
  type Codec,
  type Compression,
  createAdmin,
  createProducer,
  type OutgoingMessage,
  type Producer,
} from "@candlewick/kafka";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { inputError, inputName, readInput } from "../input-file.ts";
import { note, output } from "../output.ts";
import { findSources, type SourceFlags, withKafka } from "../sources.ts";
import { usageError } from "../usage.ts";
import { type LineRules, messageOfLine, splitLines } from "./message-line.ts";
import { type WRITTEN_CODECS, writtenCodec } from "./topic-codec.ts";
import { requireTopics } from "./with-admin.ts";

export interface LineFlags extends SourceFlags {
  readonly keySeparator?: string;
  readonly key?: string;
  readonly null?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly partition?: number;
  readonly whole?: true;
  readonly records?: true;
  readonly codec: (typeof WRITTEN_CODECS)[number];
  readonly schema?: string;
  readonly message?: string;
  readonly compression: Compression;
  readonly format: "text" | "json";
}

/** What was written. */
interface Tally {
  messages: number;
  bytes: number;
  /** By partition: the offsets of the first and the last message. */
  readonly partitions: Map<number, { first: bigint; last: bigint }>;
  failure: Error | null;
}

/** What shells tell of a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Writes lines or files to a topic, and tells how many and where. Stops at the first that fails. Ctrl-C ends the
 * input: what was read before is written and told.
 */
export async function produceInputs(topic: string, files: string[], flags: LineFlags): Promise<void> {
  checkFlags(flags);
  const sources = findSources(flags);
  const schema = flags.schema === undefined ? undefined : readSchema(flags.schema);
  const codec = writtenCodec(sources.config, flags.codec, schema, flags.message);
  const inputs = files.length === 0 ? ["-"] : files;
  await withKafka(sources, async ({ connection }) => {
    const admin = await createAdmin(connection);
    await requireTopics(admin, [topic]).finally(() => admin.close());
    const producer = await createProducer(connection, { compression: flags.compression });
    const tally: Tally = { messages: 0, bytes: 0, partitions: new Map(), failure: null };
    const stopping = new AbortController();
    const stop = (): void => stopping.abort();
    const { signal } = stopping;
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    try {
      for (const file of inputs) {
        await (flags.whole === true
          ? produceWhole(producer, topic, file, flags, tally, signal)
          : produceLines(producer, topic, file, flags, codec, tally, signal));
      }
      await producer.flush();
    } finally {
      process.removeListener("SIGINT", stop);
      process.removeListener("SIGTERM", stop);
      await producer.close();
    }
    if (tally.failure !== null) throw tally.failure;
    await report(topic, tally, flags.format);
    if (!signal.aborted) return;
    note("candlewick: interrupted; what was read before is written");
    process.exitCode = INTERRUPTED;
  });
}

function checkFlags({ whole, records, keySeparator, key, codec }: LineFlags): void {
  if (whole === true && (records === true || keySeparator !== undefined || codec !== "text")) {
    throw usageError("--whole goes with --key and --header only", "produce");
  }
  if (records === true && (keySeparator !== undefined || key !== undefined)) {
    throw usageError("--records carry their keys themselves", "produce");
  }
  if (keySeparator !== undefined && key !== undefined) {
    throw usageError("--key and --key-separator exclude each other", "produce");
  }
  if (keySeparator === "") throw usageError("--key-separator is empty", "produce");
}

async function produceWhole(
  producer: Producer,
  topic: string,
  file: string,
  flags: LineFlags,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of readInput(file, signal)) chunks.push(chunk);
  // Half a file is no message.
  if (signal.aborted) return;
  const key = flags.key === undefined ? null : Buffer.from(flags.key);
  await write(producer, { topic, key, value: Buffer.concat(chunks), ...common(flags) }, tally);
}

async function produceLines(
  producer: Producer,
  topic: string,
  file: string,
  flags: LineFlags,
  codec: Codec | null,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const rules: LineRules = {
    topic,
    codec,
    separator: flags.keySeparator ?? null,
    key: flags.key ?? null,
    nullText: flags.null ?? null,
    asRecords: flags.records === true,
  };
  let number = 0;
  for await (const line of splitLines(readInput(file, signal))) {
    // What comes last then may be half a line.
    if (signal.aborted) return;
    number++;
    // An empty last line is how files end; records are never empty.
    if (flags.records === true && line.length === 0) continue;
    const message = await messageOfLine(line, rules).catch((cause: unknown) => {
      throw badLine(file, number, cause);
    });
    await write(producer, { ...message, ...common(flags, message) }, tally);
  }
}

function common(flags: LineFlags, message?: OutgoingMessage): Pick<OutgoingMessage, "headers" | "partition"> {
  return {
    headers: { ...message?.headers, ...flags.header },
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
  };
}

async function write(producer: Producer, message: OutgoingMessage, tally: Tally): Promise<void> {
  if (tally.failure !== null) throw tally.failure;
  await producer.enqueue(message, (error, delivery) => {
    if (delivery === null) {
      tally.failure ??= error;
      return;
    }
    tally.messages++;
    tally.bytes += (message.key?.length ?? 0) + (message.value?.length ?? 0);
    const { partition, offset } = delivery;
    const known = tally.partitions.get(partition);
    tally.partitions.set(partition, { first: known?.first ?? offset, last: offset });
  });
}

function badLine(file: string, number: number, cause: unknown): CandlewickError {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause);
  return new CandlewickError(
    ERRORS.badInput,
    `${inputName(file)}, line ${number}: ${reason}`,
    "Lines before it were written; correct it and go on from there",
    { cause },
  );
}

async function report(topic: string, tally: Tally, format: "text" | "json"): Promise<void> {
  const { messages, bytes, partitions } = tally;
  const places = [...partitions].sort(([a], [b]) => a - b);
  if (format === "json") {
    const list = places.map(([partition, { first, last }]) => ({
      partition,
      first: Number(first),
      last: Number(last),
    }));
    return output.line(JSON.stringify({ topic, messages, bytes, partitions: list }));
  }
  const where = places.map(([partition, { first, last }]) => `${partition}@${first}..${last}`).join(" ");
  const count = messages === 1 ? "1 message" : `${messages} messages`;
  await output.line(`${count}, ${bytes} bytes to ${topic}${where === "" ? "" : ` (${where})`}`);
}

function readSchema(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw inputError(file, cause);
  }
}
