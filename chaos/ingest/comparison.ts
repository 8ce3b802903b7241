import type { Devnet } from "@candlewick/devnet";
import type { ConnectionOptions } from "@candlewick/store";
import pg from "pg";

/** What the database holds, against what the chain knows of itself. */
export interface Comparison {
  readonly slots: number;
  readonly canonicalBlocks: number;
  readonly trades: number;
  /** Published blocks that were not the chain's, and their trades: stored, and counted nowhere. */
  readonly orphanedBlocks: number;
  readonly orphanedTrades: number;
  readonly differences: readonly string[];
}

interface TradeRow {
  readonly name: string;
  readonly user: string;
}

/** Compares every slot from the chain's first to `last`. */
export async function compareWithChain(
  devnet: Devnet,
  connection: ConnectionOptions,
  last: number,
): Promise<Comparison> {
  const client = new pg.Client("url" in connection ? { connectionString: connection.url } : connection);
  await client.connect();
  try {
    return await compare(devnet, client, last);
  } finally {
    await client.end();
  }
}

async function compare({ chain }: Devnet, client: pg.Client, last: number): Promise<Comparison> {
  const { firstSlot } = chain.options;
  const differences: string[] = [];
  const blocks = await read(
    client,
    "SELECT slot, block_id, status::text, parent_id FROM blocks WHERE slot <= $1",
    last,
  );
  const ledger = await read(
    client,
    "SELECT slot, status::text, block_id, NULL AS parent_id FROM slots WHERE slot <= $1",
    last,
  );
  const stored = await tradesByBlock(client, last);
  const slotEntry = new Map(ledger.map((row) => [Number(row.slot), row]));
  const canonical = new Set<string>();
  let trades = 0;
  for (let slot = firstSlot; slot <= last; slot++) {
    const hasBlock = chain.calendar.hasBlock(slot);
    const id = hasBlock ? chain.calendar.hashOf(slot) : null;
    const entry = slotEntry.get(slot);
    const wanted = hasBlock ? "processed" : "skipped";
    if (entry?.status !== wanted || entry.block_id !== id) {
      differences.push(`slot ${slot}: ledger ${entry?.status} ${entry?.block_id}, chain ${wanted} ${id}`);
    }
    if (id === null) continue;
    canonical.add(id);
    const truth = chain.truthOf(slot).map(({ tx, position: { outer, inner, hop }, userIn, userOut }) => ({
      name: `${tx} ${outer} ${inner ?? -1} ${hop}`,
      user: [String(userIn), String(userOut)].sort().join(" "),
    }));
    trades += truth.length;
    differences.push(...tradeDifferences(slot, truth, stored.get(id) ?? []));
  }
  let orphanedTrades = 0;
  let orphanedBlocks = 0;
  for (const { slot, block_id: id, status, parent_id: parentId } of blocks) {
    if (id === null || canonical.delete(id)) {
      const parent = chain.calendar.hashOf(chain.calendar.parentOf(Number(slot)));
      if (parentId !== parent) differences.push(`slot ${slot}: the parent is ${parentId}, not ${parent}`);
      if (status !== "finalized") differences.push(`slot ${slot}: block ${id} of the chain is ${status}`);
      continue;
    }
    orphanedBlocks += 1;
    orphanedTrades += stored.get(id)?.length ?? 0;
    if (status !== "orphaned")
      differences.push(`slot ${slot}: block ${id} is not the chain's and is ${status}`);
  }
  for (const id of canonical) differences.push(`block ${id} of the chain has no record`);
  const slots = last - firstSlot + 1;
  const canonicalBlocks = slots - ledger.filter(({ status }) => status === "skipped").length;
  return { slots, canonicalBlocks, trades, orphanedBlocks, orphanedTrades, differences };
}

function tradeDifferences(slot: number, truth: readonly TradeRow[], stored: readonly TradeRow[]): string[] {
  const left = new Map(stored.map(({ name, user }) => [name, user]));
  const differences: string[] = [];
  if (left.size !== stored.length) differences.push(`slot ${slot}: a trade is stored twice`);
  for (const { name, user } of truth) {
    if (left.get(name) !== user)
      differences.push(`slot ${slot}: trade ${name} is ${left.get(name)}, not ${user}`);
    left.delete(name);
  }
  for (const name of left.keys()) differences.push(`slot ${slot}: trade ${name} is not the chain's`);
  return differences;
}

async function tradesByBlock(client: pg.Client, last: number): Promise<Map<string, TradeRow[]>> {
  const { rows } = await client.query({
    text: `SELECT block_id, tx, outer_index, inner_index, hop, base_amount::text, token_amount::text
FROM trades WHERE slot <= $1`,
    values: [last],
  });
  const found = new Map<string, TradeRow[]>();
  for (const row of rows) {
    const trade = {
      name: `${row.tx} ${row.outer_index} ${row.inner_index} ${row.hop}`,
      user: [row.base_amount, row.token_amount].sort().join(" "),
    };
    const known = found.get(row.block_id);
    if (known === undefined) found.set(row.block_id, [trade]);
    else known.push(trade);
  }
  return found;
}

interface Row {
  readonly slot: string;
  readonly block_id: string | null;
  readonly status: string;
  readonly parent_id: string | null;
}

async function read(client: pg.Client, text: string, last: number): Promise<Row[]> {
  return (await client.query<Row>({ text, values: [last] })).rows;
}
