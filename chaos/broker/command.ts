import { parseArgs } from "node:util";
import { runCrashes } from "../../packages/broker/test/crash/crash-run.ts";
import { kills } from "../../packages/broker/test/crash/kills.ts";
import { powerCuts } from "../../packages/broker/test/crash/power-cuts.ts";
import { countOption, OptionRefused } from "../count-option.ts";

/** Crashes of one broker and its data; each start of it reads all that was written before. */
const CRASHES_PER_BROKER = 25;
/** One crash in so many is the SIGKILL of a process; the others are power cuts in this one, which are quicker. */
const KILL_SHARE = 10;

/**
 * `npm run chaos -- broker [--crashes 2000] [--kills 200] [--seed 1]`: crashes brokers during produce, commit,
 * transactions and compaction. Rejects where one lost, doubled or uncovered a record; the lines before name the seed
 * that plays it again (with `--crashes 25`, and `--kills 0` or `--kills 25`).
 */
export async function chaosBroker(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { crashes: { type: "string" }, kills: { type: "string" }, seed: { type: "string" } },
  });
  const crashes = countOption("crashes", values.crashes, 2000);
  const killed = countOption("kills", values.kills, Math.round(crashes / KILL_SHARE), 0);
  if (killed > crashes) throw new OptionRefused(`--kills cannot be more than the ${crashes} crashes.`);
  const seed = countOption("seed", values.seed, 1, 0);
  const began = performance.now();
  const cuts = await crashMany("power cuts", crashes - killed, seed);
  const ends = await crashMany("kills", killed, seed);
  const seconds = Math.round((performance.now() - began) / 1000);
  const acknowledged = cuts.acknowledged + ends.acknowledged;
  console.log(
    `${crashes - killed} power cuts, ${killed} kills, ${acknowledged} acknowledgements, ${seconds} s`,
  );
  const failed = cuts.failed + ends.failed;
  if (failed > 0) throw new Error(`${failed} brokers lost, doubled or uncovered records`);
  if (acknowledged === 0) throw new Error("nothing was acknowledged, so that nothing could be lost");
}

interface Tally {
  acknowledged: number;
  failed: number;
}

async function crashMany(kind: "power cuts" | "kills", total: number, firstSeed: number): Promise<Tally> {
  const tally: Tally = { acknowledged: 0, failed: 0 };
  for (let done = 0, seed = firstSeed; done < total; done += CRASHES_PER_BROKER, seed++) {
    const errors: string[] = [];
    const cradle = kind === "kills" ? kills() : powerCuts((line) => errors.push(line));
    const run = { seed, crashes: Math.min(CRASHES_PER_BROKER, total - done) };
    try {
      tally.acknowledged += (await runCrashes(cradle, run)).acknowledged;
      if (errors.length > 0) throw new Error(`${kind} with --seed ${seed}: ${errors.join("; ")}`);
    } catch (error) {
      tally.failed++;
      console.error(error instanceof Error ? error.message : String(error));
    }
  }
  return tally;
}
