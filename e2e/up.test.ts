import { chownSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "./kit/condition.ts";
import { LiveSocket } from "./kit/live-socket.ts";
import { type Account, runToEnd } from "./kit/process.ts";
import { type RunningUp, startUp } from "./kit/running-up.ts";
import { LOOPBACK, listeningAddresses, processesIn } from "./kit/system-processes.ts";
import { temporaryFolder } from "./kit/temporary.ts";

/** From the start of the process; on a machine that does nothing else the second start takes one of it. */
const FIRST_START_LIMIT_MS = 60_000;
const SECOND_START_LIMIT_MS = 10_000;

interface Candle {
  readonly open_time: number;
  readonly revision: number;
}

/** The users to run as: this one, and an ordinary one where this is root. */
function accounts(): { name: string; account: Account | null }[] {
  const own = { name: "this user", account: null };
  if (process.getuid?.() !== 0) return [own];
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("nobody:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return line === undefined
    ? [own]
    : [own, { name: "an ordinary user", account: { uid: Number(uid), gid: Number(gid) } }];
}

describe.skipIf(process.platform !== "linux")("up (needs Linux, to look at its processes)", () => {
  test.each(accounts())(
    "as $name: live candles, readers that join, a clean stop, and the same data after the next start",
    async ({ account }) => {
      const data = temporaryFolder("up");
      if (account !== null) chownSync(data, account.uid, account.gid);
      const first = await started(data, account);
      const pair = await busiestPair(first.page);
      const beganMs = performance.now() - first.startMs;
      await seeTwoRevisions(first.page, pair);
      expect(performance.now() - beganMs).toBeLessThan(FIRST_START_LIMIT_MS);
      expectOnlyLoopback(first, data);
      // The chain has a history of some minutes, which is caught up with from its first block on.
      await until("third candle", FIRST_START_LIMIT_MS, async () =>
        (await candlesOf(first.page, pair)).length > 2 ? true : null,
      );
      await readersJoin(data, pair, account);

      const before = await candlesOf(first.page, pair);
      await expectCleanStop(first, data, "SIGTERM");

      const second = await started(data, account);
      const secondBeganMs = performance.now() - second.startMs;
      await nextRevision(second.page, pair);
      expect(performance.now() - secondBeganMs).toBeLessThan(SECOND_START_LIMIT_MS);
      const after = await candlesOf(second.page, pair);
      // The newest was still open, and went on.
      expect(before.length).toBeGreaterThan(1);
      expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      await expectCleanStop(second, data, "SIGINT");
      const verify = await runToEnd(["verify", "--data", data], {}, account);
      expect(verify.code, verify.stdout + verify.stderr).toBe(0);
    },
    240_000,
  );
});

async function started(data: string, account: Account | null): Promise<RunningUp> {
  const up = await startUp(data, { account });
  onTestFinished(async () => {
    up.run.kill("SIGKILL");
    // After a failure the database still stops by itself, in a folder that is to be removed.
    await until("end of the database", 10_000, () => (processesIn(data).length === 0 ? true : null));
  });
  // Steps, the banner, and nothing else: no warning and no log line.
  expect(up.run.stderr()).toMatch(/^(?: {2}✓ .+\n)+\n {2}Candlewick [\s\S]+with these data\.\n\n?$/);
  return up;
}

/** The API's answer. */
async function get<Answer>(page: string, path: string): Promise<Answer> {
  const response = await fetch(new URL(path, page));
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

async function busiestPair(page: string): Promise<string> {
  return until("pair", FIRST_START_LIMIT_MS, async () => {
    const { pairs } = await get<{ pairs: { pair_addr: string }[] }>(page, "/api/pairs?sort=volume");
    return pairs[0]?.pair_addr ?? null;
  });
}

async function candlesOf(page: string, pair: string): Promise<object[]> {
  const path = `/api/candles?pair=${pair}&interval=1m`;
  return (await get<{ candles: object[] }>(page, path)).candles;
}

/** Follows the candles of a pair until the same one has come twice, the second time changed. */
async function seeTwoRevisions(page: string, pair: string): Promise<void> {
  const live = await LiveSocket.connect(page);
  try {
    const subscription = { channel: "candles", pair, interval: "1m" };
    live.send({ op: "subscribe", ...subscription });
    const { candles } = (await live.next({ op: "snapshot", ...subscription })) as { candles: Candle[] };
    expect(candles.length).toBeGreaterThan(0);
    const revisions = new Map<number, number>();
    for (;;) {
      const { candle } = (await live.next({ op: "update", ...subscription })) as { candle: Candle };
      const before = revisions.get(candle.open_time);
      revisions.set(candle.open_time, candle.revision);
      if (before !== undefined) {
        expect(candle.revision).toBeGreaterThan(before);
        return;
      }
    }
  } finally {
    live.close();
  }
}

/** Waits for a candle of a pair that is changed by a new trade. */
async function nextRevision(page: string, pair: string): Promise<void> {
  const live = await LiveSocket.connect(page);
  live.send({ op: "subscribe", channel: "candles", pair, interval: "1m" });
  await live.next({ op: "update", channel: "candles", pair });
  live.close();
}

/** Commands that read find the running up by the data folder. */
async function readersJoin(data: string, pair: string, account: Account | null): Promise<void> {
  const read = async (...args: string[]) => {
    const { code, stdout, stderr } = await runToEnd([...args, "--data", data], {}, account);
    expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
    expect(stderr).toBe("");
    return stdout;
  };
  const pairs = JSON.parse(await read("pairs", "--format", "json")) as { pair_addr: string }[];
  expect(pairs.map(({ pair_addr }) => pair_addr)).toContain(pair);
  const candles = JSON.parse(
    await read("candles", "--pair", pair, "--interval", "1m", "--format", "json"),
  ) as Candle[];
  expect(candles.length).toBeGreaterThan(1);
  // One that is still to come: it can only come from the running broker.
  const [line = ""] = (await read("tail", "sol-blocks", "--from", "last", "--max", "1")).split("\n");
  expect(JSON.parse(line)).toHaveProperty("partition");
  expect(await read("verify")).toMatch(/^candles +\d+ +0 /m);
}

/** The page, the broker, the simulated node and the database listen on 127.0.0.1 or on no network at all. */
function expectOnlyLoopback(up: RunningUp, data: string): void {
  const addresses = listeningAddresses([up.pid, ...processesIn(data)]);
  expect(addresses.length).toBeGreaterThanOrEqual(3);
  expect(addresses.filter((address) => !LOOPBACK.includes(address))).toEqual([]);
}

async function expectCleanStop(up: RunningUp, data: string, signal: NodeJS.Signals): Promise<void> {
  expect(existsSync(join(data, "up.json"))).toBe(true);
  const { code, printed } = await up.stop(signal);
  expect(code, printed).toBe(0);
  expect(printed).toMatch(/^ {2}Stopping;.*\n$/);
  expect(up.run.stdout()).toBe("");
  expect(existsSync(join(data, "up.json"))).toBe(false);
  expect(processesIn(data)).toEqual([]);
}
