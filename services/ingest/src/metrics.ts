import { Counter, Gauge, Histogram, type Registry } from "@candlewick/runtime";

/** What ingest counts and measures. */
export interface IngestMetrics {
  /** A slot whose settlement is acknowledged and saved, by status. */
  block(status: string): void;
  trades(count: number): void;
  /** Swaps or instructions that became no trade. */
  skipped(reason: string, count: number): void;
  /** A block that does not follow the one before it. */
  parentMismatch(): void;
  /** A parent that had been taken for a skipped slot. */
  missingParent(): void;
  rpcError(kind: string): void;
  /** What an endpoint was found out to be: behind, of another chain, lying. */
  endpoint(endpoint: string, trouble: string): void;
  /** Slots that are failed or missing. */
  unsettled(slots: number): void;
  /** Up to which slot everything is final. */
  finalizedTo(slot: number): void;
  /** Tokens that were looked up, by where they were found. */
  lookup(outcome: string, count: number): void;
  /** How far the time of the newest block is before the machine's. */
  blockAge(seconds: number): void;
  /** A send or a write that is tried again. */
  retry(peer: "kafka" | "ledger"): void;
  /** Where the cursor is, and the head as far as it is known. */
  progress(cursorSlot: number, headSlot: number | null): void;
  fetchSeconds(seconds: number): void;
  decodeSeconds(seconds: number): void;
  /** From a settled slot to its saved cursor. */
  publishSeconds(seconds: number): void;
}

/** Measures nothing. */
export const noMetrics: IngestMetrics = {
  block() {},
  trades() {},
  skipped() {},
  parentMismatch() {},
  missingParent() {},
  rpcError() {},
  endpoint() {},
  unsettled() {},
  finalizedTo() {},
  lookup() {},
  blockAge() {},
  retry() {},
  progress() {},
  fetchSeconds() {},
  decodeSeconds() {},
  publishSeconds() {},
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of ingest in a registry. A registry takes them once. */
export function registerMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `candlewick_ingest_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `candlewick_ingest_${name}`, help, registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `candlewick_ingest_${name}`, help, buckets: SECONDS, registers });

  const blocks = counter("blocks_total", "Slots that were settled, by status.", ["status"]);
  const trades = counter("trades_total", "Trades that were published.");
  const skipped = counter("skipped_swaps_total", "Swaps that became no trade, by reason.", ["reason"]);
  const mismatches = counter("parent_mismatches_total", "Blocks that do not follow the one before them.");
  const missing = counter("missing_parents_total", "Blocks that had been taken for skipped slots.");
  const rpcErrors = counter("rpc_errors_total", "Calls to the node that failed, by kind.", ["kind"]);
  const endpoints = counter("endpoint_troubles_total", "What endpoints were found out to be.", [
    "endpoint",
    "trouble",
  ]);
  const unsettled = gauge("unsettled_slots", "Slots that are failed or missing and tried again.");
  const finalized = gauge("finalized_slot", "The slot up to which everything is final.");
  const lookups = counter("token_lookups_total", "Tokens that were looked up, by outcome.", ["outcome"]);
  const blockAge = gauge(
    "block_age_seconds",
    "The machine's time less that of the newest block at the head.",
  );
  const retries = counter("retries_total", "Sends and writes that were tried again.", ["peer"]);
  const cursor = gauge("cursor_slot", "The last slot that is settled without a gap.");
  const head = gauge("head_slot", "The highest slot that the source has.");
  const lag = gauge("lag_slots", "Slots between the head and the cursor.");
  const fetching = histogram("fetch_seconds", "From asking for a block to its last byte.");
  const decoding = histogram("decode_seconds", "From a block's bytes to its swaps.");
  const publishing = histogram("publish_seconds", "From a settled slot to its saved cursor.");
  return {
    block: (status) => blocks.inc({ status }),
    trades: (count) => trades.inc(count),
    skipped: (reason, count) => skipped.inc({ reason }, count),
    parentMismatch: () => mismatches.inc(),
    missingParent: () => missing.inc(),
    rpcError: (kind) => rpcErrors.inc({ kind }),
    endpoint: (endpoint, trouble) => endpoints.inc({ endpoint, trouble }),
    unsettled: (slots) => unsettled.set(slots),
    finalizedTo: (slot) => finalized.set(slot),
    lookup: (outcome, count) => lookups.inc({ outcome }, count),
    blockAge: (seconds) => blockAge.set(seconds),
    retry: (peer) => retries.inc({ peer }),
    progress(cursorSlot, headSlot) {
      cursor.set(cursorSlot);
      if (headSlot === null) return;
      head.set(headSlot);
      lag.set(Math.max(0, headSlot - cursorSlot));
    },
    fetchSeconds: (seconds) => fetching.observe(seconds),
    decodeSeconds: (seconds) => decoding.observe(seconds),
    publishSeconds: (seconds) => publishing.observe(seconds),
  };
}
