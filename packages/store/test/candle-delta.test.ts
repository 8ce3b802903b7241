import { candlesOfTrades, parseInterval } from "@candlewick/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import { candleDeltas } from "../src/checkpoint/candle-delta.ts";
import { tradeBatch } from "../src/checkpoint/trade-batch.ts";
import { distinctTrades, sortCandles } from "./market.ts";

test("the fold over buckets is the domain's fold over trades, for any set of intervals", () => {
  const names = fc.uniqueArray(fc.constantFrom("7s", "1m", "3m", "5m", "1h", "7h", "1d", "5d", "1w", "2w"));
  fc.assert(
    fc.property(distinctTrades(), names, (trades, chosen) => {
      const intervals = chosen.map(parseInterval);
      const deltas = candleDeltas("solana", tradeBatch(trades).rounds.flat(), intervals);
      expect(sortCandles(deltas)).toEqual(sortCandles(candlesOfTrades(trades, intervals)));
      const keys = deltas.map(({ pair, interval, openMs }) =>
        [pair, interval, String(openMs).padStart(16)].join(),
      );
      expect(keys).toEqual([...keys].sort());
    }),
  );
});
