import { expect, test } from "vitest";
import type { Disk, DiskFile } from "../src/storage/disk.ts";
import { Journal } from "../src/storage/journal.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { PowerCutDisk } from "./power-cut-disk.ts";

const PATH = "folder/journal";
const BIG = "x".repeat(200_000);

type Step = "open" | "append" | "sync" | "rename" | "sync of the folder";

/** A disk on which one step of the rewriting of the journal fails, once. */
class FailingDisk extends PowerCutDisk {
  failing: Step | undefined;

  #fail(step: Step): void {
    if (this.failing !== step) return;
    this.failing = undefined;
    throw new Error(`EIO: ${step}`);
  }

  override open(path: string): DiskFile {
    const isRewritten = path !== PATH;
    if (isRewritten) this.#fail("open");
    const file = super.open(path);
    return {
      get size() {
        return file.size;
      },
      append: (pieces) => {
        if (isRewritten) this.#fail("append");
        file.append(pieces);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      syncNow: () => {
        if (isRewritten) this.#fail("sync");
        file.syncNow();
      },
      close: () => file.close(),
    };
  }

  override rename(from: string, to: string): void {
    this.#fail("rename");
    super.rename(from, to);
    this.#fail("sync of the folder");
  }
}

/** Writes until the journal has rewritten itself, or failed to. */
function putUntil(journal: Journal, isOver: () => boolean): void {
  for (let count = 0; !isOver(); count++) {
    expect(count).toBeLessThan(1000);
    journal.put([{ key: "big", value: BIG }]);
  }
}

function stored(disk: Disk, key: string): unknown {
  return [...new Journal(disk, PATH, "after-sync").entries()].find((entry) => entry.key === key)?.value;
}

test.each<Step>(["open", "append", "sync", "rename"])(
  "a rewriting that fails at its %s leaves the journal as it was, and it goes on",
  async (step) => {
    const disk = new FailingDisk();
    const told: unknown[] = [];
    const journal = new Journal(disk, PATH, "after-sync", (error) => told.push(error));
    disk.failing = step;
    putUntil(journal, () => told.length > 0);
    journal.put([{ key: "offset", value: 42 }]);
    await journal.flush();
    expect(disk.list("folder")).toEqual(["journal"]);
    expect(
      stored(
        disk.afterPowerCut(() => 0, ["folder"]),
        "offset",
      ),
    ).toBe(42);
    await journal.close();
  },
);

test.each(["after-sync", "at-once"] as const)(
  "where nobody knows which file the journal is any more, it takes and acknowledges nothing (%s)",
  async (visibility) => {
    const disk = new FailingDisk();
    const told: unknown[] = [];
    const journal = new Journal(disk, PATH, visibility, (error) => told.push(error));
    journal.put([{ key: "offset", value: 41 }]);
    disk.failing = "sync of the folder";
    putUntil(journal, () => disk.failing === undefined);
    expect(told).toHaveLength(1);
    expect(() => journal.put([{ key: "offset", value: 42 }])).toThrow("EIO: sync of the folder");
    await expect(journal.flush()).rejects.toThrow("EIO: sync of the folder");
    journal.abandon();
    expect(stored(disk, "offset")).toBe(41);
  },
);

test("a flush that waits for the one before it is told as well", async () => {
  const disk = new FailingDisk();
  const journal = new Journal(disk, PATH, "after-sync");
  journal.put([{ key: "offset", value: 41 }]);
  const first = journal.flush();
  const second = journal.flush();
  disk.failing = "sync of the folder";
  putUntil(journal, () => disk.failing === undefined);
  // What it covers is in the old file and in the new one: whichever is found, it is there.
  await first;
  await expect(second).rejects.toThrow("EIO: sync of the folder");
  journal.abandon();
});

test("what is put after a rewriting is in the new file, and is what a start finds", async () => {
  const disk = new PowerCutDisk(new MemoryDisk());
  const journal = new Journal(disk, PATH, "after-sync");
  let largest = 0;
  const size = (): number => disk.readFile(PATH)?.length ?? 0;
  putUntil(journal, () => {
    const isShorter = size() < largest;
    largest = Math.max(largest, size());
    return isShorter;
  });
  journal.put([{ key: "offset", value: 42 }]);
  await journal.flush();
  expect(
    stored(
      disk.afterPowerCut(() => 0, ["folder"]),
      "offset",
    ),
  ).toBe(42);
  await journal.close();
});

test("what a crash left of a rewriting is neither read nor in the way of the next one", async () => {
  const disk = new MemoryDisk();
  disk.replaceFile(`${PATH}.new`, Buffer.from("half of a journal"));
  const journal = new Journal(disk, PATH, "after-sync");
  journal.put([{ key: "offset", value: 42 }]);
  putUntil(journal, () => disk.readFile(`${PATH}.new`) === undefined);
  await journal.close();
  expect(stored(disk, "offset")).toBe(42);
});

test("what only the system had when a process was killed is on the disk once it is read", async () => {
  const disk = new PowerCutDisk();
  const killed = new Journal(disk, PATH, "after-sync");
  killed.put([{ key: "offset", value: 42 }]);
  killed.abandon();
  expect(stored(disk, "offset")).toBe(42);
  expect(
    stored(
      disk.afterPowerCut(() => 0, ["folder"]),
      "offset",
    ),
  ).toBe(42);
});
