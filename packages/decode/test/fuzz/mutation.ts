import { base58 } from "@scure/base";
import type { Json } from "../recorded-data.ts";
import type { Random } from "./random.ts";

/** Values that code trips over. */
const ODD: readonly unknown[] = [
  null,
  "",
  "z",
  "0",
  "18446744073709551616",
  -1,
  0,
  1,
  255,
  256,
  2 ** 32,
  2 ** 53,
  1e300,
  0.5,
  true,
  [],
  {},
  [[]],
  "So11111111111111111111111111111111111111112",
];

/** Changes one place of a JSON value, anywhere: removes, replaces, repeats, swaps, or bends what stands there. */
export function mutateJson(root: Json, random: Random): void {
  let parent: Record<string, unknown> = root;
  for (let depth = 0; depth < 10; depth++) {
    const keys = Object.keys(parent);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    const child = parent[key];
    if (typeof child === "object" && child !== null && random.chance(0.85)) {
      parent = child as Record<string, unknown>;
      continue;
    }
    change(parent, key, child, random);
    return;
  }
}

function change(parent: Record<string, unknown>, key: string, child: unknown, random: Random): void {
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return;
    case 1:
      if (Array.isArray(parent)) parent.splice(Number(key), 0, child);
      return;
    case 2:
      if (typeof child === "string" && child !== "") parent[key] = bend(child, random);
      return;
    case 3:
      if (typeof child === "number") parent[key] = child + random.below(7) - 3;
      return;
    case 4: {
      const other = random.pick(Object.keys(parent));
      [parent[key], parent[other]] = [parent[other], child];
      return;
    }
    default:
      parent[key] = random.pick(ODD);
  }
}

function bend(text: string, random: Random): string {
  const at = random.below(text.length);
  return random.chance(0.3)
    ? text.slice(0, at)
    : text.slice(0, at) + random.pick(["1", "a", "Z", "9"]) + text.slice(at + 1);
}

interface Call {
  data: unknown;
}

interface Wire {
  transaction: { message: { instructions: Call[] } };
  meta: { innerInstructions?: { instructions: Call[] }[]; logMessages?: string[] };
}

/** Changes the bytes of one instruction or logged event: what the venues' decoders read. */
export function mutateData(transaction: Json, random: Random): void {
  const { transaction: of, meta } = transaction as unknown as Wire;
  const calls = [
    ...of.message.instructions,
    ...(meta.innerInstructions ?? []).flatMap((group) => group.instructions),
  ];
  const logs = meta.logMessages ?? [];
  const logged = logs.flatMap((line, at) => (line.startsWith("Program data: ") ? [at] : []));
  if (logged.length > 0 && random.chance(0.2)) {
    const at = random.pick(logged);
    const bytes = mutateBytes(Buffer.from((logs[at] ?? "").slice(14), "base64"), random);
    logs[at] = `Program data: ${Buffer.from(bytes).toString("base64")}`;
    return;
  }
  const call = random.pick(calls);
  if (typeof call.data !== "string") return;
  call.data = base58.encode(mutateBytes(base58.decode(call.data), random));
}

/** Changes bytes: one, some, a stretch, or the length. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(1 + random.below(40), random.pick([0, 1, 255])),
      ]);
    case 2: {
      const extra = Buffer.from(Array.from({ length: 1 + random.below(9) }, () => random.below(256)));
      return Buffer.concat([bytes.subarray(0, at), extra, bytes.subarray(at)]);
    }
    case 3:
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(Math.min(bytes.length, at + 1 + random.below(9))),
      ]);
    case 4:
      return Buffer.from(bytes).fill(random.pick([0, 255]), at, Math.min(bytes.length, at + 8));
    default: {
      const changed = Buffer.from(bytes);
      for (let k = 0; k <= random.below(3); k++) {
        if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
      }
      return changed;
    }
  }
}
