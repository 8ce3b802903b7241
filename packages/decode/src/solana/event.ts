import { discriminator, readKey } from "../little-endian.ts";
import type { Instruction } from "./instruction.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** What a venue's program reported: Anchor's discriminator and, from its first byte on, the whole event. */
export interface ProgramEvent {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The discriminator of Anchor's instruction by which a program calls itself to leave an event. */
const SELF_CPI = "e445a52e51cb9a1d";

/** Whether an instruction only carries an event: the program calls itself with its event authority alone. */
export function isSelfCpi(instruction: Instruction): boolean {
  return instruction.accounts.length === 1;
}

/** Whether instruction data is an event that a program leaves by calling itself. */
export function isEvent(data: Uint8Array): boolean {
  return discriminator(data) === SELF_CPI;
}

/** The events that a venue's instruction left by calling its own program, in order. */
export function selfCpiEvents(transaction: SolanaTransaction, instruction: Instruction): ProgramEvent[] {
  const events: ProgramEvent[] = [];
  for (const child of transaction.children(instruction)) {
    if (child.program !== instruction.program || !isSelfCpi(child)) continue;
    if (child.data === null || !isEvent(child.data)) continue;
    const bytes = child.data.subarray(8);
    events.push({ name: discriminator(bytes), bytes });
  }
  return events;
}

/** The bytes of the first event of a name that is about a pool, whose address stands behind the discriminator. */
export function eventOfPool(
  events: readonly ProgramEvent[],
  name: string,
  minBytes: number,
  pool: string,
): Uint8Array | undefined {
  return events.find((event) => {
    return event.name === name && event.bytes.length >= minBytes && readKey(event.bytes, 8) === pool;
  })?.bytes;
}

/**
 * The events that an instruction wrote to the log itself. A line belongs to the program on top of the stack
 * of invocations, never to whom its text names: programs write what they like. Empty where the node kept no
 * logs or cut them.
 */
export function logEvents(transaction: SolanaTransaction, instruction: Instruction): ProgramEvent[] {
  const events: ProgramEvent[] = [];
  const stack: number[] = [];
  let next = 0;
  for (const line of transaction.log.lines()) {
    if (typeof line !== "string" || !line.startsWith("Program ")) continue;
    if (line.startsWith(DATA_PREFIX)) {
      if (stack.at(-1) === instruction.ordinal) events.push(...dataEvents(line));
      continue;
    }
    const words = line.split(" ", 4);
    const [, program = "", verb = ""] = words;
    if (program.endsWith(":")) continue;
    if (verb === "invoke") {
      const found = ordinalOfInvocation(transaction, program, next, words[3] ?? "");
      stack.push(found ?? -1);
      if (found !== null) next = found + 1;
    } else if (verb === "success" || verb.startsWith("failed")) stack.pop();
  }
  return events;
}

const DATA_PREFIX = "Program data: ";

/** Invocations are logged in the order of execution; built-in verifiers run without a line and are passed over. */
function ordinalOfInvocation(
  transaction: SolanaTransaction,
  program: string,
  from: number,
  depth: string,
): number | null {
  for (let ordinal = from; ordinal < transaction.instructions.length; ordinal++) {
    const candidate = transaction.instructions[ordinal];
    if (candidate?.program !== program) continue;
    if (candidate.height === null || depth === `[${candidate.height}]`) return ordinal;
  }
  return null;
}

function dataEvents(line: string): ProgramEvent[] {
  return line
    .slice(DATA_PREFIX.length)
    .split(" ")
    .map((text) => {
      const bytes = new Uint8Array(Buffer.from(text, "base64"));
      return { name: discriminator(bytes), bytes };
    });
}
