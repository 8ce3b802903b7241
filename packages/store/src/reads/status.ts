import { partitionName } from "@candlewick/contracts";
import { CHAIN_IDS, type ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { SCHEMA_VERSION } from "../migrations/migrate.ts";
import type { ChainStatus, StoreStatus } from "../store.ts";
import { readHead } from "./head.ts";

/** Up to here rows are counted; beyond, counting would cost more than a status is worth. */
const COUNTED = 50_000;

const KNOWN: Statement = {
  name: "status-chains",
  text: `SELECT c.chain FROM unnest($1::text[]) AS c(chain)
WHERE EXISTS (SELECT FROM blocks b WHERE b.chain = c.chain) OR EXISTS (SELECT FROM slots s WHERE s.chain = c.chain)
ORDER BY c.chain`,
};

const COUNTS: Statement = {
  name: "status-counts",
  text: `SELECT
  (SELECT count(*) FROM (SELECT FROM blocks WHERE chain = $1 LIMIT ${COUNTED}) x) AS blocks,
  (SELECT count(*) FROM blocks WHERE chain = $1 AND status = 'orphaned') AS orphaned,
  (SELECT count(*) FROM slots WHERE chain = $1 AND status < 'skipped') AS unsettled,
  (SELECT count(*) FROM (SELECT FROM pairs WHERE chain = $1 LIMIT ${COUNTED}) x) AS pairs,
  (SELECT count(*) FROM (SELECT FROM trades WHERE chain = $1 LIMIT ${COUNTED}) x) AS trades,
  (SELECT count(*) FROM (SELECT FROM candles WHERE chain = $1 LIMIT ${COUNTED}) x) AS candles`,
};

const ESTIMATES: Statement = {
  name: "status-estimates",
  text: `SELECT CASE WHEN i.inhparent IS NOT NULL THEN 'trades' ELSE c.relname END AS name,
  sum(greatest(c.reltuples, 0))::bigint AS rows
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'trades'::regclass
WHERE i.inhparent IS NOT NULL OR c.oid IN ('blocks'::regclass, 'pairs'::regclass, 'candles'::regclass)
GROUP BY 1`,
};

const OFFSETS: Statement = {
  name: "status-offsets",
  text: "SELECT consumer_group, topic, partition, next_offset FROM consumer_offsets ORDER BY 1, 2, 3",
};

const ACCOUNTING: Statement = {
  name: "status-accounting",
  text: `SELECT consumer_group, kind, sum(count)::bigint AS count FROM accounting GROUP BY 1, 2 ORDER BY 1, 2`,
};

/** What the database holds. Cheap enough to be asked every second. */
export async function readStatus(transaction: Transaction): Promise<StoreStatus> {
  const chains = await transaction.query<{ chain: ChainName }>(KNOWN, [Object.keys(CHAIN_IDS)]);
  const estimates = new Map(
    (await transaction.query<{ name: string; rows: string }>(ESTIMATES)).map((row) => [
      row.name,
      Number(row.rows),
    ]),
  );
  const server = await transaction.query<{ version: string }>({
    name: "server-version",
    text: "SELECT current_setting('server_version') AS version",
  });
  const statuses: ChainStatus[] = [];
  for (const { chain } of chains) statuses.push(await chainStatus(transaction, chain, estimates));
  return {
    schemaVersion: SCHEMA_VERSION,
    serverVersion: server[0]?.version ?? "",
    chains: statuses,
    offsets: await offsetsByGroup(transaction),
    accounting: await accountingByGroup(transaction),
  };
}

type CountName = "blocks" | "orphaned" | "unsettled" | "pairs" | "trades" | "candles";

async function chainStatus(
  transaction: Transaction,
  chain: ChainName,
  estimates: ReadonlyMap<string, number>,
): Promise<ChainStatus> {
  const head = await readHead(transaction, chain);
  const [row] = await transaction.query<Readonly<Record<CountName, string>>>(COUNTS, [chain]);
  const number = (name: CountName): number => {
    const counted = Number(row?.[name] ?? 0);
    return counted < COUNTED ? counted : Math.max(counted, estimates.get(name) ?? 0);
  };
  return {
    chain,
    headSlot: head?.slot ?? null,
    headTime: head?.time ?? null,
    blocks: number("blocks"),
    orphanedBlocks: number("orphaned"),
    unsettledSlots: number("unsettled"),
    pairs: number("pairs"),
    trades: number("trades"),
    candles: number("candles"),
  };
}

async function offsetsByGroup(transaction: Transaction): Promise<Map<string, Map<string, bigint>>> {
  const groups = new Map<string, Map<string, bigint>>();
  const rows = await transaction.query<{
    consumer_group: string;
    topic: string;
    partition: number;
    next_offset: string;
  }>(OFFSETS);
  for (const row of rows) entry(groups, row.consumer_group).set(partitionName(row), BigInt(row.next_offset));
  return groups;
}

async function accountingByGroup(transaction: Transaction): Promise<Map<string, Map<string, bigint>>> {
  const groups = new Map<string, Map<string, bigint>>();
  const rows = await transaction.query<{ consumer_group: string; kind: string; count: string }>(ACCOUNTING);
  for (const row of rows) entry(groups, row.consumer_group).set(row.kind, BigInt(row.count));
  return groups;
}

function entry(groups: Map<string, Map<string, bigint>>, group: string): Map<string, bigint> {
  const known = groups.get(group);
  if (known !== undefined) return known;
  const made = new Map<string, bigint>();
  groups.set(group, made);
  return made;
}
