import type { Codec, DeadLetter, DeadLetterDetail } from "@candlewick/kafka";
import { output } from "../output.ts";
import { bytesText } from "../read/record-line.ts";
import { shownValue } from "../read/shown-value.ts";
import type { Column } from "../table.ts";

const SHORT_CHARS = 80;

/** Dead letters as rows. */
export const lettersTable: readonly Column<DeadLetter>[] = [
  { name: "id", value: placeOf },
  { name: "died", value: ({ deadSinceMs }) => new Date(deadSinceMs).toISOString() },
  { name: "state", value: ({ state }) => state },
  { name: "origin", value: originOf },
  { name: "key", value: ({ key }) => (key === null ? null : JSON.parse(bytesText(key))), text: keyText },
  { name: "attempts", align: "right", value: ({ attempts }) => attempts },
  { name: "redrives", align: "right", value: ({ redrives }) => redrives },
  { name: "group", value: ({ origin }) => origin.consumerGroup, inTable: false },
  { name: "error", value: ({ error }) => error.name },
  { name: "message", value: ({ error }) => error.message, text: ({ error }) => short(error.message ?? "-") },
];

function placeOf({ id }: DeadLetter): string {
  return `${id.partition}:${id.offset}`;
}

function originOf({ origin }: DeadLetter): string {
  return `${origin.topic}:${origin.partition ?? "?"}@${origin.offset ?? "?"}`;
}

function keyText({ key }: DeadLetter): string {
  return key === null ? "-" : short(bytesText(key));
}

/** One line, cut where it is long. */
function short(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= SHORT_CHARS ? line : `${line.slice(0, SHORT_CHARS - 1)}…`;
}

/** Prints a dead letter for a person. */
export async function writeLetter(letter: DeadLetterDetail, codec: Codec | null): Promise<void> {
  const { error, origin, attempts, redrives, history } = letter;
  const fields: [string, string | null][] = [
    ["id", placeOf(letter)],
    ["state", letter.state],
    ["died", new Date(letter.deadSinceMs).toISOString()],
    ["origin", originOf(letter)],
    ["written", origin.timestampMs === null ? null : new Date(origin.timestampMs).toISOString()],
    ["group", origin.consumerGroup],
    ["attempts", attempts === null ? null : String(attempts)],
    ["redrives", String(redrives)],
    ["error", error.name],
    ["message", error.message],
    ["cause", error.causeName],
    ["key", letter.key === null ? null : bytesText(letter.key)],
  ];
  for (const [name, text] of fields) await output.line(`${name.padEnd(10)}${text ?? "-"}`);
  for (const { kind, atMs, operator, reason } of history) {
    const why = reason === null ? "" : `: ${reason}`;
    await output.line(`${"history".padEnd(10)}${new Date(atMs).toISOString()} ${kind} by ${operator}${why}`);
  }
  const { shown } = await shownValue(origin.topic, letter.value, codec);
  await output.line(`${"payload".padEnd(10)}${shown}`);
  if (error.stack !== null) await output.line(error.stack);
  await output.line("");
}

/** The same for programs. */
export async function letterJson(letter: DeadLetterDetail, codec: Codec | null): Promise<unknown> {
  const { shown, isJson } = await shownValue(letter.origin.topic, letter.value, codec);
  const { origin, error } = letter;
  return {
    id: placeOf(letter),
    state: letter.state,
    died: new Date(letter.deadSinceMs).toISOString(),
    origin: {
      topic: origin.topic,
      partition: origin.partition,
      offset: origin.offset === null ? null : Number(origin.offset),
      timestamp_ms: origin.timestampMs,
      group: origin.consumerGroup,
    },
    attempts: letter.attempts,
    redrives: letter.redrives,
    error: { name: error.name, message: error.message, cause: error.causeName, stack: error.stack },
    key: letter.key === null ? null : JSON.parse(bytesText(letter.key)),
    value: isJson ? JSON.parse(shown) : shown,
    history: letter.history.map(({ kind, run, atMs, operator, reason }) => ({
      what: kind,
      run,
      time: new Date(atMs).toISOString(),
      operator,
      reason,
    })),
  };
}
