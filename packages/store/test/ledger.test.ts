import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SlotEntry, SlotStatus } from "../src/index.ts";
import { TO_RETRY } from "../src/ledger/slots.ts";
import { freshStore, SERVERS, sql, type TestServer } from "./servers.ts";

function entry(slot: number, status: SlotStatus, blockId: string | null = null): SlotEntry {
  return { slot, status, attempts: 1, reason: null, blockId };
}

describe.each(SERVERS)("the ledger on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  test("a settled slot is unsettled only where it is reopened with the block that it holds", async () => {
    const { store } = await freshStore(server);
    await store.recordSlots("solana", [entry(5, "processed", "a"), entry(6, "skipped")]);
    await store.recordSlots("solana", [entry(5, "failed"), entry(6, "missing")]);
    await store.reopenSlots("solana", [{ slot: 5, blockId: "other", reason: "no" }]);
    expect(await store.unsettledSlots("solana", 10)).toEqual([]);
    await store.reopenSlots("solana", [
      { slot: 5, blockId: "a", reason: "it is doubted" },
      { slot: 6, blockId: null, reason: "there is a block" },
    ]);
    expect(await store.unsettledSlots("solana", 10)).toEqual([
      { ...entry(5, "missing", "a"), attempts: 0, reason: "it is doubted" },
      { ...entry(6, "missing"), attempts: 0, reason: "there is a block" },
    ]);
    expect(await store.unsettledSlots("solana", 10, { from: 6, to: 9 })).toHaveLength(1);
    expect(await store.slotEntries("solana", { from: 6, to: 6 }, 10)).toHaveLength(1);
    // A second time it is missing already, and the attempts since then stay counted.
    await store.recordSlots("solana", [{ ...entry(5, "missing", "a"), attempts: 3 }]);
    await store.reopenSlots("solana", [{ slot: 5, blockId: "a", reason: "again" }]);
    expect((await store.unsettledSlots("solana", 1))[0]).toMatchObject({ attempts: 3, reason: null });
    await store.close();
  });

  test("what is to be tried comes page by page: reopened blocks first, what was asked for last", async () => {
    const { store } = await freshStore(server);
    const asked = (slot: number) => ({ ...entry(slot, "missing"), attempts: 0, reason: "asked" });
    await store.recordSlots("solana", [
      asked(1),
      asked(2),
      entry(3, "processed", "a"),
      entry(7, "processed", "c"),
    ]);
    await store.recordSlots("solana", [entry(4, "failed"), entry(5, "missing"), entry(6, "processed", "b")]);
    await store.reopenSlots("solana", [
      { slot: 6, blockId: "b", reason: "it is doubted" },
      { slot: 3, blockId: "a", reason: "it is doubted" },
    ]);
    const page = async (skip: number, limit: number) =>
      (await store.slotsToRetry("solana", { skip, limit, lastReason: "asked" })).map(({ slot }) => slot);
    expect(await page(0, 10)).toEqual([3, 6, 4, 5, 1, 2]);
    expect(await page(3, 2)).toEqual([5, 1]);
    expect(await store.unsettledCount("solana")).toBe(6);
    expect(await store.unsettledCount("ethereum")).toBe(0);
    await store.close();
  });

  test("what a backfill asked for does not slow down what is to be tried before it", async () => {
    const { store, connection } = await freshStore(server);
    const reason = "asked for by backfill";
    await store.noteMissingSlots("solana", { from: 1, to: 50_000 }, reason);
    await sql(connection, "ANALYZE slots");
    const plan = await sql(connection, `EXPLAIN ${TO_RETRY.text}`, ["solana", reason, 1_000, 0]);
    const steps = plan.map((row) => String(row["QUERY PLAN"])).join("\n");
    expect(steps).toMatch(/Index Scan using slots_to_retry/);
    expect(steps).not.toMatch(/Sort/);
    await store.close();
  });

  test("of cursors that are kept at the same time one counts for all", async () => {
    const { store } = await freshStore(server);
    const cursors = [1n, 2n, 3n, 4n].map((usd) => ({
      slot: 7,
      blockId: `b${usd}`,
      blockTime: 5,
      solPrice: { usd, slot: 7, time: 5 },
    }));
    const kept = await Promise.all(cursors.map((cursor) => store.keepCursor("solana/before/8", cursor)));
    expect(new Set(kept.map(({ blockId }) => blockId)).size).toBe(1);
    expect(kept[0]).toEqual(await store.cursor("solana/before/8"));
    expect(cursors).toContainEqual(kept[0]);
    await store.close();
  });

  test("a publication is known until it is closed", async () => {
    const { store } = await freshStore(server);
    const published = (slot: number, blockId: string) => ({ slot, blockId, settlement: `of ${blockId}` });
    await store.notePublications("solana", [published(7, "b"), published(7, "a"), published(9, "c")]);
    await store.notePublications("solana", [{ ...published(7, "a"), settlement: "another" }]);
    const all = { from: 0, to: 100 };
    expect(await store.publications("solana", all, 10)).toEqual([
      published(7, "a"),
      published(7, "b"),
      published(9, "c"),
    ]);
    expect(await store.publications("solana", { from: 8, to: 9 }, 10)).toEqual([published(9, "c")]);
    expect((await store.ledgerSummary("solana")).open).toBe(3);
    await store.closePublications("solana", [
      { slot: 7, blockId: "b" },
      { slot: 9, blockId: "a" },
    ]);
    expect(await store.publications("solana", all, 10)).toEqual([published(7, "a"), published(9, "c")]);
    await store.close();
  });

  test("gaps are found and noted as missing, once", async () => {
    const { store } = await freshStore(server);
    expect(await store.ledgerSummary("solana")).toEqual({
      range: null,
      slots: { missing: 0, failed: 0, skipped: 0, processed: 0 },
      unknown: 0,
      open: 0,
    });
    await store.recordSlots(
      "solana",
      [10, 11, 14, 20].map((slot) => entry(slot, "processed", `b${slot}`)),
    );
    expect(await store.ledgerGaps("solana", 10)).toEqual([
      { from: 12, to: 13 },
      { from: 15, to: 19 },
    ]);
    expect(await store.ledgerGaps("solana", 1)).toHaveLength(1);
    expect(await store.ledgerSummary("solana")).toMatchObject({ range: { from: 10, to: 20 }, unknown: 7 });
    expect(await store.noteMissingSlots("solana", { from: 11, to: 16 }, "backfill")).toBe(4);
    expect(await store.noteMissingSlots("solana", { from: 11, to: 16 }, "backfill")).toBe(0);
    expect(await store.ledgerGaps("solana", 10)).toEqual([{ from: 17, to: 19 }]);
    expect((await store.ledgerSummary("solana")).slots.missing).toBe(4);
    await store.close();
  });
});
