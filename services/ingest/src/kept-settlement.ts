import { decodeBlock, encodeBlock } from "@candlewick/contracts";
import type { BlockRecord } from "@candlewick/domain";
import { z } from "@candlewick/runtime";
import type { Cursor } from "./ports.ts";

/** What a block was published with: enough to take it back, to say that it is final, or to price its successor's twin. */
export interface KeptSettlement {
  readonly record: BlockRecord;
  /** The cursor before it; null where it was the first. */
  readonly before: Cursor | null;
}

const cursorSchema = z.object({
  slot: z.number(),
  blockId: z.string().nullable(),
  blockTime: z.number().nullable(),
  solPrice: z.object({ usd: z.string(), slot: z.number(), time: z.number() }).nullable(),
});

const keptSchema = z.object({ record: z.string(), before: cursorSchema.nullable() });

/** The form in which the ledger keeps it. */
export function writeKeptSettlement({ record, before }: KeptSettlement): string {
  const price = before?.solPrice ?? null;
  return JSON.stringify({
    record: encodeBlock(record).toString(),
    before:
      before === null
        ? null
        : { ...before, solPrice: price === null ? null : { ...price, usd: String(price.usd) } },
  });
}

/** Null for what is not of this form: an older version of the program may have written it. */
export function readKeptSettlement(text: string | null | undefined): KeptSettlement | null {
  if (text === null || text === undefined) return null;
  try {
    const { record, before } = keptSchema.parse(JSON.parse(text));
    const price = before?.solPrice ?? null;
    return {
      record: decodeBlock(Buffer.from(record)),
      before:
        before === null
          ? null
          : { ...before, solPrice: price === null ? null : { ...price, usd: BigInt(price.usd) } },
    };
  } catch {
    return null;
  }
}
