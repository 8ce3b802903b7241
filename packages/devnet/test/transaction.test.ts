import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createChain, type TransactionJson } from "../src/index.ts";

const chain = createChain({ genesisUnixMs: 1_760_000_000_000, launchEverySlots: 30 });
const blocks = Array.from({ length: 120 }, (_, i) => chain.options.firstSlot + i)
  .filter((slot) => chain.calendar.hasBlock(slot))
  .map((slot) => chain.blockAt(slot));
const transactions = blocks.flatMap((block) => block.transactions);

/** The paths of all values, with what kind of value stands there. */
function shapeOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => shapeOf(item, `${path}[]`)))];
  if (typeof value !== "object" || value === null)
    return [`${path}: ${value === null ? "null" : typeof value}`];
  return Object.entries(value).flatMap(([name, item]) => shapeOf(item, `${path}.${name}`));
}

const recorded = fileURLToPath(
  new URL("../../../../shared/data/solana/blocks/332254855.getBlock.json.gz", import.meta.url),
);

/** What only some blocks have: errors with other contents, transactions without some list. */
const REAL_ONLY = [/\.err\./, /\.status\./];

describe.skipIf(!existsSync(recorded))("against a recorded block (shared data)", () => {
  test("has the same fields, with the same kinds of values", () => {
    const real: unknown = JSON.parse(gunzipSync(readFileSync(recorded)).toString());
    const realShape = new Set(shapeOf(real));
    const simulatedShape = new Set(blocks.slice(0, 60).flatMap((block) => shapeOf(block)));
    const comparable = (shape: Set<string>) =>
      [...shape].filter((path) => !REAL_ONLY.some((pattern) => pattern.test(path))).toSorted();
    expect(comparable(simulatedShape)).toEqual(comparable(realShape));
  });
});

function tableOf({ transaction, meta }: TransactionJson): string[] {
  const { writable, readonly } = meta.loadedAddresses;
  return [...transaction.message.accountKeys, ...writable, ...readonly];
}

describe("a transaction", () => {
  test("indexes only accounts that it has, each named once", () => {
    for (const transaction of transactions) {
      const table = tableOf(transaction);
      expect(new Set(table).size).toBe(table.length);
      expect(table.length).toBeLessThanOrEqual(256);
      const { meta } = transaction;
      const inner = meta.innerInstructions.flatMap(({ instructions }) => instructions);
      const indexes = [...transaction.transaction.message.instructions, ...inner].flatMap(
        ({ accounts, programIdIndex }) => [...accounts, programIdIndex],
      );
      expect(Math.max(...indexes)).toBeLessThan(table.length);
      expect(meta.preBalances.length).toBe(table.length);
      expect(meta.postBalances.length).toBe(table.length);
    }
  });

  test("names the programs of its top-level instructions itself, and loads only what a table gives", () => {
    for (const { transaction, meta, version } of transactions) {
      const { message } = transaction;
      for (const { programIdIndex } of message.instructions) {
        expect(programIdIndex).toBeLessThan(message.accountKeys.length);
      }
      const lookups = message.addressTableLookups ?? [];
      const writable = lookups.flatMap(({ writableIndexes }) => writableIndexes).length;
      const readonly = lookups.flatMap(({ readonlyIndexes }) => readonlyIndexes).length;
      expect([writable, readonly]).toEqual([
        meta.loadedAddresses.writable.length,
        meta.loadedAddresses.readonly.length,
      ]);
      expect(message.addressTableLookups === undefined).toBe(version === "legacy");
    }
  });

  test("logs each instruction that ran as invoked and ended, at its own depth", () => {
    for (const { transaction, meta } of transactions) {
      if (meta.logMessages.at(-1) === "Log truncated") continue;
      const stack: string[] = [];
      let invoked = 0;
      for (const line of meta.logMessages) {
        const [, program, depth] = /^Program (\w+) invoke \[(\d+)\]$/.exec(line) ?? [];
        if (program !== undefined) {
          invoked++;
          stack.push(program);
          expect(Number(depth)).toBe(stack.length);
        }
        const ended = /^Program (\w+) (success|failed: .*)$/.exec(line)?.[1];
        if (ended !== undefined) expect(stack.pop()).toBe(ended);
      }
      expect(stack).toEqual([]);
      const inner = meta.innerInstructions.flatMap(({ instructions }) => instructions).length;
      if (meta.err === null) expect(invoked).toBe(transaction.message.instructions.length + inner);
    }
  });

  test("keeps the tokens that it moves, but for minted coins and temporary accounts", () => {
    for (const { meta } of transactions) {
      const { preTokenBalances: pre, postTokenBalances: post } = meta;
      const sums = new Map<string, bigint>();
      for (const { mint, uiTokenAmount } of post)
        sums.set(mint, (sums.get(mint) ?? 0n) + BigInt(uiTokenAmount.amount));
      for (const { mint, uiTokenAmount } of pre)
        sums.set(mint, (sums.get(mint) ?? 0n) - BigInt(uiTokenAmount.amount));
      const mints = meta.logMessages.some((line) => /Instruction: (Create|CreateV2)$/.test(line));
      for (const [mint, change] of sums) {
        if (mint.startsWith("So111") || mints) continue;
        expect(change).toBe(0n);
      }
    }
  });

  test("that fails changes nothing but the payer's fee, and is a good part of all", () => {
    const failed = transactions.filter(({ meta }) => meta.err !== null);
    const trading = transactions.filter(
      ({ transaction }) => transaction.message.instructions.length > 1,
    ).length;
    expect(failed.length / trading).toBeGreaterThan(0.08);
    expect(failed.length / trading).toBeLessThan(0.25);
    for (const { meta } of failed) {
      expect(meta.postTokenBalances).toEqual(meta.preTokenBalances);
      const [payerBefore = 0, ...before] = meta.preBalances;
      const [payerAfter, ...after] = meta.postBalances;
      expect(after).toEqual(before);
      expect(payerAfter).toBe(payerBefore - meta.fee);
      expect(meta.status).toEqual({ Err: meta.err });
      const cut = meta.logMessages.at(-1) === "Log truncated";
      expect(cut || meta.logMessages.some((line) => / failed: custom program error: 0x/.test(line))).toBe(
        true,
      );
    }
  });

  test("has a signature of its own and balances that are whole and not negative", () => {
    const signatures = transactions.map(({ transaction }) => transaction.signatures[0]);
    expect(new Set(signatures).size).toBe(signatures.length);
    for (const { meta } of transactions) {
      const wrong = [...meta.preBalances, ...meta.postBalances].filter(
        (lamports) => !Number.isSafeInteger(lamports) || lamports < 0,
      );
      expect(wrong).toEqual([]);
    }
  });
});
