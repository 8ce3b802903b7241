import { describe, expect, test } from "vitest";
import { dumpDatabase } from "./kit/database-dump.ts";
import { candlewick, runToEnd } from "./kit/process.ts";
import { writeSimulatedBlocks } from "./kit/simulated-blocks.ts";
import { postgresOf } from "./kit/system-processes.ts";
import { temporaryFolder } from "./kit/temporary.ts";

const KILLS = Number(process.env.CANDLEWICK_CRASH_KILLS ?? 20);
const SLOTS = 1_000;

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.skipIf(process.platform !== "linux")("kill -9 of the whole", () => {
  test(`${KILLS} times during a replay leaves the same trades, candles and blocks, bit for bit`, async () => {
    const seed = Number(process.env.CANDLEWICK_CRASH_SEED ?? Date.now() % 1_000_000);
    const next = random(seed);
    const blocks = temporaryFolder("crash-blocks");
    const trades = writeSimulatedBlocks(blocks, SLOTS, "crash");
    const replay = (folder: string) => [
      ...[
        "up",
        "--source",
        "replay",
        "--blocks",
        blocks,
        "--data",
        folder,
        "--port",
        "0",
        "--exit-when-done",
      ],
    ];

    const calm = temporaryFolder("crash-calm");
    const began = performance.now();
    const undisturbed = candlewick(replay(calm));
    await undisturbed.saw(/is running/);
    const startMs = performance.now() - began;
    expect(await undisturbed.ended, undisturbed.stderr()).toBe(0);
    const workMs = performance.now() - began - startMs;
    const expected = await dumpDatabase(calm);
    expect(expected.tradeCount).toBe(trades);

    const shaken = temporaryFolder("crash-shaken");
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const run = candlewick(replay(shaken));
      // Most kills hit the work, each a little further on; every fifth hits the start.
      const delayMs = kill % 5 === 4 ? next() * startMs : startMs + (next() * workMs) / 6;
      const timer = setTimeout(() => {
        run.kill("SIGKILL");
        // Half of the time the database dies with it, instead of being stopped by its guard.
        if (kill % 2 === 0) for (const pid of postgresOf(shaken)) killQuietly(pid);
      }, delayMs);
      const end = await run.ended;
      clearTimeout(timer);
      expect([0, "SIGKILL"], `seed ${seed}, kill ${kill}: ${run.stderr()}`).toContain(end);
      if (end === "SIGKILL") killed += 1;
    }
    // A replay that was over before its kill would prove nothing.
    expect(killed, `seed ${seed}`).toBeGreaterThan(KILLS / 2);
    const last = await runToEnd(replay(shaken));
    expect(last.code, `seed ${seed}: ${last.stderr}`).toBe(0);
    expect(await dumpDatabase(shaken), `seed ${seed}`).toEqual(expected);
    const verify = await runToEnd(["verify", "--data", shaken]);
    expect(verify.code, verify.stdout + verify.stderr).toBe(0);
  }, 600_000);
});

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was gone already.
  }
}
