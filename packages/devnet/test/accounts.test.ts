import {
  type ChainAccount,
  decodeMetadataAccount,
  decodeMintAccount,
  metadataAddress,
} from "@candlewick/decode";
import { USDC_MINT, WSOL_MINT } from "@candlewick/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Devnet, startDevnet } from "../src/index.ts";
import { call } from "./rpc-client.ts";
import { TestClock } from "./test-clock.ts";

const TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";

describe("accounts of tokens", () => {
  let node: Devnet;
  let mints: string[];

  beforeAll(async () => {
    node = await startDevnet({ clock: new TestClock(1_760_000_000_000), historySlots: 200 });
    const head = node.headSlot("finalized");
    const trades = Array.from({ length: 60 }, (_, k) => node.truthOf(head - k)).flat();
    mints = [...new Set(trades.flatMap(({ assetIn, assetOut }) => [assetIn.mint, assetOut.mint]))];
  });

  afterAll(() => node.stop());

  async function accountsAt(addresses: readonly string[]): Promise<(ChainAccount | null)[]> {
    const { result } = await call(node.url, "getMultipleAccounts", addresses, { encoding: "base64" });
    const { value } = result as { value: readonly ({ owner: string; data: [string, string] } | null)[] };
    return value.map((account, at) => {
      if (account === null) return null;
      const data = Buffer.from(account.data[0], "base64");
      return { address: addresses[at] ?? "", owner: account.owner, data };
    });
  }

  test("tell of every token that trades what it is called, how many there are, and its decimals", async () => {
    expect(mints.length).toBeGreaterThan(15);
    const programs = new Set<string>();
    for (const mint of mints) {
      const place = metadataAddress(mint) ?? "";
      const [account, metadata] = await accountsAt([mint, place]);
      const facts = account == null ? null : decodeMintAccount(account);
      const claim = metadata == null ? null : decodeMetadataAccount(metadata, mint);
      expect(facts?.supply).toBeGreaterThan(0n);
      programs.add(account?.owner ?? "");
      // Each program has its own place for the name, and only that.
      expect(claim === null).toBe(account?.owner === TOKEN_2022);
      expect(claim?.name ?? facts?.name).toMatch(/^[\w ]{3,32}$/);
      expect(claim?.symbol ?? facts?.symbol).toMatch(/^[A-Z]{3,10}$/);
    }
    expect(programs.size).toBe(2);
  });

  test("give the currencies their names", async () => {
    for (const [mint, symbol] of [
      [WSOL_MINT, "SOL"],
      [USDC_MINT, "USDC"],
    ] as const) {
      const [account] = await accountsAt([metadataAddress(mint) ?? ""]);
      expect(account == null ? null : decodeMetadataAccount(account, mint)?.symbol).toBe(symbol);
    }
  });

  test("can be asked for one by one, and are null where there are none", async () => {
    const one = await call(node.url, "getAccountInfo", WSOL_MINT, { encoding: "base64" });
    const many = await call(node.url, "getMultipleAccounts", [WSOL_MINT], { encoding: "base64" });
    expect((one.result as { value: unknown }).value).toEqual((many.result as { value: unknown[] }).value[0]);
    const nobody = await call(node.url, "getAccountInfo", "11111111111111111111111111111111");
    expect((nobody.result as { value: unknown }).value).toBeNull();
    expect((await call(node.url, "getAccountInfo", WSOL_MINT, { encoding: "base58" })).error?.code).toBe(
      -32602,
    );
  });
});
