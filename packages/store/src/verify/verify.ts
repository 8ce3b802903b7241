import type { ChainName } from "@candlewick/domain";
import { candleIntervals } from "../checkpoint/candle-intervals.ts";
import { lockChain } from "../checkpoint/chain-lock.ts";
import { recomputeBuckets } from "../checkpoint/recompute.ts";
import type { Database, Transaction } from "../database.ts";
import { checkAccounting, checkOffsets, isBehind, readProgress } from "./accounting-check.ts";
import { checkBlockTrades, checkLedger } from "./block-check.ts";
import { compareCandles } from "./candle-check.ts";
import { type Finding, NOTHING_FOUND, together } from "./finding.ts";
import type { VerifyCheck, VerifyCheckName, VerifyOptions, VerifyReport } from "./report.ts";
import { checkOrderKeys, checkPrices } from "./trade-check.ts";

const CHAINS: readonly ChainName[] = ["ethereum", "solana"];
/**
 * All trades are sorted and joined: more memory than a usual query is given, and never row by row, which the
 * planner would choose for tables whose statistics are not made yet.
 */
const WHOLE_TABLES = "SET LOCAL work_mem = '128MB'; SET LOCAL enable_nestloop = off";
const REPAIRED_AT_A_TIME = 5_000;

/** Compares everything that is derived with what it is derived from, in one state of the database. */
export async function verifyStore(database: Database, options: VerifyOptions): Promise<VerifyReport> {
  const repaired = options.repair === true ? await repairCandles(database) : 0;
  const limit = options.maxExamples ?? 20;
  const checks = await database.transaction("snapshot", (transaction) => check(transaction, options, limit));
  return {
    ok: checks.every(({ differences }) => differences === 0),
    checks: checks.map((entry) => (entry.name === "candles" ? { ...entry, repaired } : entry)),
  };
}

async function check(
  transaction: Transaction,
  options: VerifyOptions,
  limit: number,
): Promise<VerifyCheck[]> {
  await transaction.execute(WHOLE_TABLES);
  const progress = await readProgress(transaction, options.progress);
  const behind = isBehind(progress);
  const perChain = (of: (chain: ChainName) => Promise<Finding>) => overChains(of, limit);
  return [
    named("candles", await perChain((chain) => checkCandles(transaction, chain, limit))),
    named("prices", await perChain((chain) => checkPrices(transaction, chain, limit))),
    named("order-keys", await perChain((chain) => checkOrderKeys(transaction, chain, limit))),
    named("block-trades", await perChain((chain) => checkBlockTrades(transaction, chain, behind, limit))),
    named("ledger", await perChain((chain) => checkLedger(transaction, chain, behind, limit))),
    named("accounting", await checkAccounting(transaction)),
    named("offsets", checkOffsets(progress)),
  ];
}

async function overChains(of: (chain: ChainName) => Promise<Finding>, limit: number): Promise<Finding> {
  let all = NOTHING_FOUND;
  for (const chain of CHAINS) all = together(all, await of(chain), limit);
  return all;
}

function named(name: VerifyCheckName, { compared, differences, examples, inFlight }: Finding): VerifyCheck {
  return { name, compared, differences, examples, inFlight, repaired: 0 };
}

async function checkCandles(transaction: Transaction, chain: ChainName, limit: number): Promise<Finding> {
  const intervals = await candleIntervals(transaction, chain);
  return intervals.length === 0 ? NOTHING_FOUND : await compareCandles(transaction, chain, intervals, limit);
}

/** Rewrites the candles that differ from their trades; nobody else writes to a chain meanwhile. */
async function repairCandles(database: Database): Promise<number> {
  let repaired = 0;
  for (const chain of CHAINS) repaired += await repairChain(database, chain);
  return repaired;
}

async function repairChain(database: Database, chain: ChainName): Promise<number> {
  let repaired = 0;
  // Each round mends what it lists, so the rest shrinks; where it does not, mending is of no use.
  for (let rest = Number.POSITIVE_INFINITY; ; ) {
    const found = await database.transaction("read-write", async (transaction) => {
      await transaction.execute(WHOLE_TABLES);
      await lockChain(transaction, chain, "exclusive");
      const intervals = await candleIntervals(transaction, chain);
      const differing = await compareCandles(transaction, chain, intervals, REPAIRED_AT_A_TIME);
      await transaction.execute("SET LOCAL enable_nestloop = on");
      if (differing.differences < rest) {
        await recomputeBuckets(transaction, chain, intervals, differing.where);
      }
      return differing;
    });
    if (found.differences === 0 || found.differences >= rest) return repaired;
    repaired += found.where.length;
    rest = found.differences;
  }
}
