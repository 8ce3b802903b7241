import type { Statement, Transaction } from "../database.ts";
import { readGroupOffsets } from "../reads/offsets.ts";
import { type Finding, NOTHING_FOUND } from "./finding.ts";
import type { EndOffsets, VerifyOptions } from "./report.ts";

const TALLIES: Statement = {
  name: "verify-accounting",
  text: `SELECT consumer_group, kind, sum(count)::text AS count FROM accounting GROUP BY 1, 2 ORDER BY 1, 2`,
};

const STORED: Statement = {
  name: "verify-stored-trades",
  text: `SELECT count(*)::text AS stored,
  (count(*) FILTER (WHERE b.status IS DISTINCT FROM 'orphaned'))::text AS counting
FROM trades t LEFT JOIN blocks b ON b.chain = t.chain AND b.block_id = t.block_id`,
};

/**
 * Of each group: received = applied + late + retracted + duplicate + skipped + rejected. Of all groups
 * together: what was inserted is what is stored, and what counts is what was applied and not taken out.
 */
export async function checkAccounting(transaction: Transaction): Promise<Finding> {
  const rows = await transaction.query<{ consumer_group: string; kind: string; count: string }>(TALLIES);
  const groups = new Set(rows.map((row) => row.consumer_group));
  const total = (group: string | null, ...kinds: string[]): bigint =>
    rows
      .filter((row) => group === null || row.consumer_group === group)
      .filter(({ kind }) => kinds.includes(kind.split(":", 1)[0] ?? ""))
      .reduce((sum, row) => sum + BigInt(row.count), 0n);
  const examples: string[] = [];
  const expect = (what: string, found: bigint, should: bigint) => {
    if (found !== should) examples.push(`${what}: ${found} instead of ${should}`);
  };
  for (const group of groups) {
    const accounted = total(group, "applied", "late", "retracted", "duplicate", "skipped", "rejected");
    expect(`records accounted for in group ${group}`, accounted, total(group, "received"));
  }
  const [stored] = await transaction.query<{ stored: string; counting: string }>(STORED);
  const inserted = total(null, "applied", "late", "retracted");
  const counting = total(null, "applied", "late", "restored") - total(null, "withdrawn");
  expect("stored trades", BigInt(stored?.stored ?? 0), inserted);
  expect("trades that count", BigInt(stored?.counting ?? 0), counting);
  return { compared: groups.size + 2, differences: examples.length, inFlight: 0, examples };
}

/** How far a group has come, and how far it can. */
export interface GroupProgress {
  /** By the name of the partition; the offsets that are stored in the state that is checked. */
  readonly stored: EndOffsets;
  readonly ends: EndOffsets;
}

/** Reads what is stored, and only then where the topics end. */
export async function readProgress(
  transaction: Transaction,
  progress: VerifyOptions["progress"],
): Promise<GroupProgress | null> {
  if (progress === undefined) return null;
  const stored = await readGroupOffsets(transaction, progress.group);
  const { endOffsets } = progress;
  return { stored, ends: typeof endOffsets === "function" ? await endOffsets() : endOffsets };
}

/** Whether the group still has records before it; false where nobody told where its topics end. */
export function isBehind(progress: GroupProgress | null): boolean {
  if (progress === null) return false;
  return [...progress.ends].some(([name, end]) => (progress.stored.get(name) ?? 0n) < end);
}

/** Stored offsets against the ends of the topics: none may lie beyond. */
export function checkOffsets(progress: GroupProgress | null): Finding {
  if (progress === null) return NOTHING_FOUND;
  const { stored, ends } = progress;
  const examples: string[] = [];
  let inFlight = 0n;
  for (const [name, end] of ends) {
    const next = stored.get(name) ?? 0n;
    if (next > end) examples.push(`${name}: the stored offset ${next} is beyond the end of the log, ${end}`);
    else inFlight += end - next;
  }
  return { compared: ends.size, differences: examples.length, inFlight: Number(inFlight), examples };
}
