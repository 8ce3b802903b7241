import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevnet } from "@candlewick/devnet";
import { silentLogger } from "@candlewick/runtime";
import {
  openStore,
  type SlotEntry,
  type SlotStatus,
  type Store,
  startEmbeddedPostgres,
} from "@candlewick/store";
import { afterAll, expect, test } from "vitest";
import { dataDirAt } from "../src/data-dir.ts";
import { runCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-ledger-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const LIMIT_MS = 240_000;

function entry(slot: number, status: SlotStatus, reason: string | null = null): SlotEntry {
  return { slot, status, attempts: 1, reason, blockId: status === "processed" ? `block${slot}` : null };
}

/** Opens the database of the folder for as long as `use` takes. */
async function withFolder<Result>(use: (store: Store) => Promise<Result>): Promise<Result> {
  const dataDir = dataDirAt(folder).postgres;
  const server = await startEmbeddedPostgres({ dataDir, logger: silentLogger });
  const store = await openStore({ connection: server.connection, logger: silentLogger });
  try {
    return await use(store);
  } finally {
    await store.close();
    await server.stop();
  }
}

test(
  "the ledger shows what is open, and backfill settles it",
  async () => {
    const node = await startDevnet({
      historySlots: 100,
      chain: { tradesPerSlot: 1, votesPerBlock: 0, pairs: 16, skippedSlotRate: 0.3 },
    });
    const { firstSlot } = node.chain.options;
    const [lost, first] = [firstSlot + 12, firstSlot + 10];
    await withFolder(async (store) => {
      await store.recordSlots("solana", [
        entry(first, "processed"),
        entry(lost, "failed", "the answer is not JSON-RPC"),
        entry(first + 6, "processed"),
      ]);
      const at = { slot: first + 6, blockId: null, blockTime: null, solPrice: null };
      // A chain of its own name, as `up` gives the simulated one, with what else a source keeps below it.
      for (const name of ["devnet", "devnet/genesis", `devnet/before/${lost}`])
        await store.saveCursor(name, at);
      await store.saveCursor("devnet/finalized", { ...at, slot: first });
    });

    const shown = await runCli(["ledger", "--data", folder]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(new RegExp(`slots +${first} to ${first + 6}\n`));
    expect(shown.stdout).toMatch(/failed +1\n/);
    expect(shown.stdout).toMatch(
      new RegExp(`source +stands at +final up to\ndevnet +${first + 6} +${first}\n`),
    );
    expect(shown.stdout).toMatch(/unknown +4\n/);
    expect(shown.stdout).toMatch(new RegExp(`${lost} +failed +1 +the answer is not JSON-RPC`));
    const checked = await runCli(["ledger", "--data", folder, "--check", "--format", "json"]);
    expect(checked.code).toBe(1);
    expect(checked.stderr).toMatch(/1 slots are unsettled and 4 are unknown/);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      unknown: 4,
      gaps: [
        { from: first + 1, to: first + 1 },
        { from: first + 3, to: first + 5 },
      ],
      unsettled: [{ slot: lost, status: "failed" }],
    });

    mkdirSync(dataDirAt(folder).broker, { recursive: true });
    const range = ["--from", String(first), "--to", String(first + 6)];
    const environment = { CANDLEWICK_INGEST__RPC_URL: node.url };
    const filled = await runCli(["backfill", ...range, "--data", folder], { environment });
    expect(filled, filled.stderr).toMatchObject({ code: 0 });
    expect(filled.stderr).toMatch(/4 slots were new to the ledger, 5 were settled, 0 are left/);
    const after = await runCli(["ledger", "--data", folder, "--check", "--format", "json"]);
    expect(after, after.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(after.stdout)).toMatchObject({ unknown: 0, unsettled: [], gaps: [] });
    await node.stop();
  },
  LIMIT_MS,
);

test.each([
  [["--from", "9", "--to", "5"], /--from 9 is after --to 5/],
  [["--from", "x", "--to", "5"], /x/],
  [["--from", "5"], /--to/],
])("backfill %j is one sentence", async (flags, sentence) => {
  const { code, stderr } = await runCli(["backfill", ...flags, "--data", folder]);
  expect(code).toBe(1);
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/\n\s+at /);
});
