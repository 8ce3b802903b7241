import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { expectComplaint } from "./kit/complaint.ts";
import { candlewick, runToEnd } from "./kit/process.ts";
import { writeSimulatedBlocks } from "./kit/simulated-blocks.ts";
import { fillDisk, mountingUnavailable, smallDisk } from "./kit/small-disk.ts";
import { executeSql, verifiedTrades } from "./kit/stored.ts";
import { temporaryFolder } from "./kit/temporary.ts";

const UP = ["up", "--port", "0", "--data"];

/** Blocks, how many trades they hold, and the arguments of their replay into a data folder. */
function recording(slots: number) {
  const blocks = temporaryFolder("folder-blocks");
  const trades = writeSimulatedBlocks(blocks, slots, "folder");
  const replay = [
    "up",
    "--source",
    "replay",
    "--blocks",
    blocks,
    "--port",
    "0",
    "--exit-when-done",
    "--data",
  ];
  return { trades, replay: (data: string) => [...replay, data] };
}

describe("a second up on a data folder", () => {
  test("names the first, which goes on unharmed", async () => {
    const data = temporaryFolder("second");
    const first = candlewick([...UP, data]);
    onTestFinished(() => first.kill("SIGKILL"));
    const [, page = ""] = await first.saw(/Web page +(\S+)[\s\S]*with these data/);

    const ended = await runToEnd([...UP, data]);
    expectComplaint(ended, { code: 1, says: [`pid ${first.child.pid}`, page, data, "--data"] });
    const broker = await runToEnd(["broker", "--data", data, "--listen", "127.0.0.1:0"]);
    expectComplaint(broker, { code: 1, says: ["another broker", data] });

    const before = first.stderr();
    const pairs = await fetch(new URL("/api/pairs", page));
    expect(pairs.status).toBe(200);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(first.stderr().slice(before.length).trim().split("\n")).toHaveLength(1);
    expect(await verifiedTrades(data)).toBeGreaterThan(0);
  }, 120_000);

  test("started in the same moment: one runs, the other says so", async () => {
    const { replay, trades } = recording(10);
    const data = temporaryFolder("race");
    const ended = await Promise.all([runToEnd(replay(data)), runToEnd(replay(data))]);
    const [winner, loser] = ended.sort((a, b) => Number(a.code) - Number(b.code));
    expect(winner?.code, winner?.stderr).toBe(0);
    if (loser === undefined) throw new Error("there were two");
    expectComplaint(loser, { code: 1, says: [data, "another"] });
    expect(await verifiedTrades(data)).toBe(trades);
  }, 120_000);
});

describe("a data folder that cannot be written", () => {
  test.each<[name: string, path: (folder: string) => string, says: string]>([
    ["below a file", (folder) => join(file(folder), "data"), "below a file"],
    ["that is a file", file, "a file has its name"],
  ])("%s", async (_name, path, says) => {
    const data = path(temporaryFolder("unusable"));
    for (const args of [[...UP, data], brokerAt(data)]) {
      expectComplaint(await runToEnd(args), { code: 1, says: [data, says, "--data"] });
    }
  });

  test.skipIf(process.platform !== "linux")("where the system makes no folders (needs /proc)", async () => {
    for (const args of [[...UP, "/proc/candlewick/data"], brokerAt("/proc/candlewick/data")]) {
      expectComplaint(await runToEnd(args), { code: 1, says: ["/proc/candlewick", "--data"] });
    }
  });

  test.skipIf(mountingUnavailable() !== null)("on a read-only file system (needs root)", async () => {
    const disk = smallDisk(1, "ro");
    for (const data of [disk, join(disk, "data")]) {
      expectComplaint(await runToEnd([...UP, data]), { code: 1, says: [data, "read-only", "--data"] });
      expectComplaint(await runToEnd(brokerAt(data)), { code: 1, says: [data, "read-only"] });
    }
  });
});

describe.skipIf(mountingUnavailable() !== null)("a full disk (needs root, to mount a small one)", () => {
  test("at the first start nothing is begun", async () => {
    const disk = smallDisk(20);
    expectComplaint(await runToEnd([...UP, disk]), { code: 1, says: [disk, "full", "Free some space"] });
    expect(readdirSync(disk)).toEqual([]);
  });

  test.each([
    ["that fills up slowly", 64],
    ["that is full to the last byte at once", 0],
  ])(
    "in the middle of a replay, %s: once there is room the next run completes it",
    async (_name, leave) => {
      const { replay, trades } = recording(400);
      const disk = smallDisk(256);
      const ballast = join(disk, "ballast");
      const run = candlewick(replay(disk));
      onTestFinished(() => run.kill("SIGKILL"));
      await run.saw(/is running/);
      fillDisk(ballast, leave * 1024 * 1024);
      const code = await run.ended;
      // What the servers log beside it is for whoever looks after them.
      const stderr = run.stderr().replace(/^\{.*\n/gm, "");
      expect(code, run.stderr()).toBe(1);
      expect(stderr).toMatch(
        /^candlewick: the disk that holds .* is full: .*Free some space and start again/m,
      );
      expect(run.stderr()).not.toMatch(/^ {4}at /m);
      rmSync(ballast);
      const second = await runToEnd(replay(disk));
      expect(second.code, second.stderr).toBe(0);
      expect(await verifiedTrades(disk)).toBe(trades);
    },
    180_000,
  );
});

describe("data that this version cannot read", () => {
  test("a newer schema is left as it is", async () => {
    const { replay, trades } = recording(5);
    const data = temporaryFolder("newer");
    expect((await runToEnd(replay(data))).code).toBe(0);
    await executeSql(data, "INSERT INTO schema_migrations (version, name) VALUES (999, 'of the future')");
    const says = ["schema version 999", "Update Candlewick"];
    expectComplaint(await runToEnd(replay(data)), { code: 1, says });
    expectComplaint(await runToEnd(["pairs", "--data", data]), { code: 1, says });
    await executeSql(data, "DELETE FROM schema_migrations WHERE version = 999");
    expect((await runToEnd(replay(data))).code).toBe(0);
    expect(await verifiedTrades(data)).toBe(trades);
  }, 120_000);

  test("damaged files of the broker and of the database are named, and work again once they are back", async () => {
    const { replay, trades } = recording(5);
    const data = temporaryFolder("damaged");
    expect((await runToEnd(replay(data))).code).toBe(0);
    const damages: [path: string, says: string[]][] = [
      ["broker/broker.json", [join(data, "broker"), "broker.json"]],
      ["broker/topics.json", [join(data, "broker", "topics.json"), "damaged"]],
      ["pg/cluster/PG_VERSION", [join(data, "pg"), "PostgreSQL 12"]],
      ["pg/cluster/global/pg_control", [join(data, "pg"), "pg_control"]],
    ];
    for (const [path, says] of damages) {
      const place = join(data, path);
      const whole = readFileSync(place);
      writeFileSync(place, "12\n");
      expectComplaint(await runToEnd(replay(data)), { code: 1, says });
      writeFileSync(place, whole);
    }
    expect((await runToEnd(replay(data))).code).toBe(0);
    expect(await verifiedTrades(data)).toBe(trades);
  }, 240_000);

  test("a folder with other people's files is not touched", async () => {
    const data = temporaryFolder("foreign");
    mkdirSync(join(data, "broker"));
    writeFileSync(join(data, "broker", "photograph.jpg"), "not ours");
    const says = [join(data, "broker"), "photograph.jpg", "--data"];
    expectComplaint(await runToEnd([...UP, data]), { code: 1, says });
    expectComplaint(await runToEnd(brokerAt(data)), { code: 1, says });
    expect(readFileSync(join(data, "broker", "photograph.jpg"), "utf8")).toBe("not ours");
  });
});

function file(folder: string): string {
  const path = join(folder, "file");
  writeFileSync(path, "");
  return path;
}

function brokerAt(data: string): string[] {
  return ["broker", "--listen", "127.0.0.1:0", "--data", data];
}
