import { join } from "node:path";
import type { TradeWithPair } from "@candlewick/contracts";
import { beforeAll, describe, expect, test } from "vitest";
import { candlesOf } from "./kit/independent-candles.ts";
import { runToEnd } from "./kit/process.ts";
import { recordedData } from "./kit/recorded.ts";
import { SERVERS, type Servers } from "./kit/servers.ts";
import { temporaryFolder } from "./kit/temporary.ts";

const data = recordedData();
const blocks = join(data ?? "", "solana", "blocks");
const block = join(blocks, "332254855.getBlock.json.gz");

/** Runs a command that must succeed and parses its JSON. */
async function json<Result>(...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await runToEnd(args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Result;
}

describe.skipIf(data === null)("a replay of a recorded block (needs ../shared/data)", () => {
  let decoded: TradeWithPair[] = [];
  beforeAll(async () => {
    const { code, stdout, stderr } = await runToEnd(["decode", block]);
    expect(code, stderr).toBe(0);
    decoded = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as TradeWithPair);
    expect(decoded.length).toBeGreaterThanOrEqual(27);
  });

  describe.each(SERVERS)("on $name", (servers: Servers) => {
    test.skipIf(servers.unavailable() !== null)(
      "candles equal an aggregation of the decoded trades made by the test, and verify finds nothing",
      async () => {
        const folder = temporaryFolder("replay");
        const at = await servers.start();
        const where = at.reads.length === 0 ? ["--data", folder] : at.reads;
        const up = await runToEnd([
          ...[
            "up",
            "--source",
            "replay",
            "--blocks",
            blocks,
            "--data",
            folder,
            "--port",
            "0",
            "--exit-when-done",
          ],
          ...at.up,
        ]);
        expect(up.code, up.stderr).toBe(0);

        const verify = await runToEnd(["verify", ...where]);
        expect(verify.code, verify.stdout + verify.stderr).toBe(0);

        const pairs = new Set(decoded.map(({ pair_addr }) => pair_addr));
        const stored = await json<{ pair_addr: string }[]>("pairs", ...where, "--format", "json");
        expect(new Set(stored.map(({ pair_addr }) => pair_addr))).toEqual(pairs);
        for (const pair of [...pairs].slice(0, 3)) {
          for (const currency of ["usd", "base"] as const) {
            const candles = await json<Record<string, unknown>[]>(
              ...["candles", "--pair", pair, "--interval", "1m", "--currency", currency, "--format", "json"],
              ...where,
            );
            const expected = candlesOf(decoded, pair, 60_000, currency);
            expect(candles.map(comparable)).toEqual(expected.map((candle) => ({ ...candle })));
          }
        }
      },
      240_000,
    );
  });
});

/** The columns of the command line that the independent aggregation has too. */
function comparable(candle: Record<string, unknown>): Record<string, unknown> {
  const { open_time, open, high, low, close, volume, trades } = candle;
  return { open_time, open, high, low, close, token_volume: volume, trades };
}
