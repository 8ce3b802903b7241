import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { LedgerSummary, SlotEntry, SlotRange, SourcePosition, Store } from "@candlewick/store";
import { Command, Option } from "commander";
import { output } from "../output.ts";
import { addStoreFlags, findSources, type SourceFlags, withStore } from "../sources.ts";
import { type Column, writeRows } from "../table.ts";
import { example, parseCount } from "../usage.ts";

interface LedgerFlags extends SourceFlags {
  readonly limit: number;
  readonly check?: true;
  readonly format: "table" | "json";
}

interface Ledger extends LedgerSummary {
  readonly chain: "solana";
  readonly sources: readonly SourcePosition[];
  readonly unsettled: readonly SlotEntry[];
  readonly gaps: readonly SlotRange[];
}

const UNSETTLED: readonly Column<SlotEntry>[] = [
  { name: "slot", align: "right", value: ({ slot }) => slot },
  { name: "status", value: ({ status }) => status },
  { name: "attempts", align: "right", value: ({ attempts }) => attempts },
  { name: "reason", value: ({ reason }) => reason },
];

const SOURCES: readonly Column<SourcePosition>[] = [
  { name: "source", value: ({ source }) => source },
  { name: "stands at", align: "right", value: ({ slot }) => slot },
  { name: "final up to", align: "right", value: ({ finalizedSlot }) => finalizedSlot },
];

const GAPS: readonly Column<SlotRange>[] = [
  { name: "from", align: "right", value: ({ from }) => from },
  { name: "to", align: "right", value: ({ to }) => to },
  { name: "slots", align: "right", value: ({ from, to }) => to - from + 1 },
];

/** `ledger`: what became of every slot, and what is still open. */
export function ledgerCommand(): Command {
  const command = addStoreFlags(
    new Command("ledger")
      .option("--limit <n>", "how many unsettled slots and gaps are listed", parseCount, 50)
      .option("--check", "exit with 1 where a slot is unsettled or unknown")
      .addOption(
        new Option("--format <format>", "how the result is written")
          .choices(["table", "json"])
          .default("table"),
      ),
  ).action(ledger);
  return example(command, "candlewick ledger --data ./data", "candlewick ledger --format json --check");
}

async function ledger(flags: LedgerFlags): Promise<void> {
  const found = await withStore(findSources(flags), (store) => readLedger(store, flags.limit));
  if (flags.format === "json") await output.line(JSON.stringify(found));
  else await writeLedger(found);
  const { missing, failed } = found.slots;
  if (flags.check !== true || missing + failed + found.unknown === 0) return;
  throw new CandlewickError(
    ERRORS.badInput,
    `${missing + failed} slots are unsettled and ${found.unknown} are unknown`,
    "Let ingest run, or settle them with candlewick backfill --from FIRST --to LAST",
  );
}

async function readLedger(store: Store, limit: number): Promise<Ledger> {
  return {
    chain: "solana",
    ...(await store.ledgerSummary("solana")),
    sources: await store.sourcePositions(),
    unsettled: await store.unsettledSlots("solana", limit),
    gaps: await store.ledgerGaps("solana", limit),
  };
}

async function writeLedger(found: Ledger): Promise<void> {
  const { range, slots, unknown, open, sources, unsettled, gaps } = found;
  if (range === null) {
    await output.line("the ledger is empty");
    return;
  }
  const lines: readonly [string, string | number][] = [
    ["slots", `${range.from} to ${range.to}`],
    ["processed", slots.processed],
    ["skipped", slots.skipped],
    ["failed", slots.failed],
    ["missing", slots.missing],
    ["unknown", unknown],
    ["not final yet", open],
  ];
  for (const [name, value] of lines) await output.line(`${name.padEnd(14)} ${value}`);
  if (sources.length > 0) {
    await output.line("");
    await writeRows(sources, SOURCES, "table");
  }
  if (unsettled.length > 0) {
    await output.line("\nunsettled, tried again by ingest:");
    await writeRows(unsettled, UNSETTLED, "table");
  }
  if (gaps.length > 0) {
    await output.line("\nunknown, settled by candlewick backfill:");
    await writeRows(gaps, GAPS, "table");
  }
}
