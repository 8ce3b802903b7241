import { type Swap, slot } from "@candlewick/domain";
import { base58 } from "@scure/base";
import { describe, expect, it } from "vitest";
import { decodeSolanaTransaction } from "../src/index.ts";
import { hasRecordedData, type Json, recordedTransactions } from "./recorded-data.ts";

const VENUES: Readonly<Record<string, string>> = {
  swap_pumpswap: "PumpSwap",
  swap_pump: "PumpFun",
  swap_rayV4: "RaydiumV4",
  swap_rayCLMM: "RaydiumClmm",
  swap_dlmm: "MeteoraDlmm",
  swap_orca: "OrcaWhirlpool",
};

interface Wire {
  meta: {
    innerInstructions?: { index: number; instructions: { data: string }[] }[];
    logMessages?: string[];
  };
  transaction: { message: { instructions: { data: string }[] } };
}

/** Amounts of all transfers, and the bytes of all events, read without the decoder. */
function evidenceOf(result: Json): { transferred: Set<bigint>; events: Buffer[] } {
  const { meta, transaction } = result as unknown as Wire;
  const inner = (meta.innerInstructions ?? []).flatMap(({ instructions }) => instructions);
  const data = [...transaction.message.instructions, ...inner].map((call) =>
    Buffer.from(base58.decode(call.data)),
  );
  const transferred = data.filter(
    (bytes) => [3, 12].includes(bytes[0] ?? 0) && [9, 10].includes(bytes.length),
  );
  const selfCalls = data.filter((bytes) => bytes.toString("hex").startsWith("e445a52e51cb9a1d"));
  const logged = (meta.logMessages ?? []).flatMap((line) => {
    const [, text] = /^Program (?:data|log: ray_log): (\S+)$/.exec(line) ?? [];
    return text === undefined ? [] : [Buffer.from(text, "base64")];
  });
  return {
    transferred: new Set(transferred.map((bytes) => bytes.readBigUInt64LE(1))),
    events: [...selfCalls, ...logged],
  };
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** Raydium v4 before its log and Whirlpool before its event: the transfers alone tell these. */
const WITHOUT_EVENT = [40, 41];

describe.skipIf(!hasRecordedData)("fifty recorded transactions", () => {
  const transactions = hasRecordedData ? recordedTransactions() : [];
  const decoded = transactions.map(({ result }) => decodeSolanaTransaction(result, slot(1), 0));

  it("have as many swaps per venue as counted, none where they failed", () => {
    const found = decoded.map(({ swaps }) => countByVenue(swaps));
    const expected = transactions.map(({ summary }) => {
      const counted = Object.entries(summary).filter(([name]) => name in VENUES);
      return Object.fromEntries(counted.map(([name, count]) => [VENUES[name], count]));
    });
    expect(found).toEqual(expected);
    expect(decoded.flatMap(({ swaps }) => swaps)).toHaveLength(20);
    expect(decoded.flatMap(({ skipped }) => [...skipped])).toEqual([]);
  });

  it("have amounts on which events and transfers agree", () => {
    let withEvent = 0;
    for (const [index, { swaps }] of decoded.entries()) {
      const { transferred, events } = evidenceOf(transactions[index]?.result ?? {});
      for (const swap of swaps) {
        const isCoin = (mint: string) => swap.venue !== "PumpFun" || mint !== swap.quoteMint;
        const isBase = (mint: string) => swap.venue !== "PumpSwap" || mint !== swap.quoteMint;
        if (isCoin(swap.assetIn.mint) && isBase(swap.assetIn.mint))
          expect(transferred).toContain(swap.poolIn);
        if (isCoin(swap.assetOut.mint) && isBase(swap.assetOut.mint))
          expect(transferred).toContain(swap.poolOut);
        const told = events.some(
          (event) => event.includes(u64(swap.poolIn)) && event.includes(u64(swap.poolOut)),
        );
        expect([index, told]).toEqual([index, !WITHOUT_EVENT.includes(index)]);
        if (told) withEvent++;
      }
    }
    expect(withEvent).toBe(17);
  });

  it("tell what a buyer paid with all fees: 3 SOL, and USDC by the quote tail", () => {
    const [inSol, inUsdc] = [decoded[36]?.swaps[0], decoded[35]?.swaps[0]];
    expect([inSol?.userIn, inSol?.poolIn]).toEqual([3_000_000_000n, 2_962_962_962n]);
    expect(inUsdc?.assetIn).toEqual({ mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", decimals: 6 });
    // The mayhem agent pays no fees: what left its account is what the curve took.
    expect([inUsdc?.userIn, inUsdc?.poolIn]).toEqual([3_517_192n, 3_517_192n]);
    expect(evidenceOf(transactions[35]?.result ?? {}).transferred).toContain(inUsdc?.userIn);
  });

  it("name the side of a pool that is not the meme by mint: a pool with SOL as base", () => {
    const swap = decoded[38]?.swaps[0];
    expect(swap?.assetOut.mint).toBe("So11111111111111111111111111111111111111112");
    expect(swap?.quoteMint).toBe(swap?.assetIn.mint);
  });
});

function countByVenue(swaps: readonly Swap[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { venue } of swaps) counts[venue] = (counts[venue] ?? 0) + 1;
  return counts;
}
