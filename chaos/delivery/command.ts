import { parseArgs } from "node:util";
import { OptionRefused } from "../count-option.ts";
import { Experiment, type Site } from "./experiment.ts";
import { GROUP_WAYS, type GroupWay, isGroupWay } from "./group-way.ts";
import { apacheSite, embeddedSite } from "./site.ts";

/**
 * `delivery [--kafka embedded|apache] [--group range|cooperative-sticky|consumer] [--runs N] [--seed FIRST] [--tasks N]`:
 * processes that consume are killed, cut off, blocked and joined by others while the broker is killed too. Rejects with the first run that lost a
 * task, broke the order of a key, or repeated one without a fault.
 */
export async function chaosDelivery(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kafka: { type: "string", default: "embedded" },
      group: { type: "string", default: "range" },
      runs: { type: "string", default: "50" },
      seed: { type: "string", default: "1" },
      tasks: { type: "string", default: "1500" },
    },
  });
  const { group } = values;
  if (!isGroupWay(group))
    throw new OptionRefused(`--group ${group} is none of ${Object.keys(GROUP_WAYS).join(", ")}`);
  const site = values.kafka === "apache" ? await apacheSite() : await embeddedSite();
  if (site === null) return;
  try {
    const seeds = { first: Number(values.seed), runs: Number(values.runs) };
    await runAll(site, values.kafka, group, seeds, Number(values.tasks));
  } finally {
    await site.stop();
  }
}

async function runAll(
  site: Site,
  kafka: string,
  group: GroupWay,
  { first, runs }: { readonly first: number; readonly runs: number },
  tasks: number,
): Promise<void> {
  const sum: Record<string, number> = {};
  let longestPauseMs = 0;
  for (let seed = first; seed < first + runs; seed++) {
    try {
      const report = await new Experiment(site, { seed, tasks, sessionTimeoutMs: 2_000, group }).run();
      const { faults, longestPauseMs: pauseMs, ...counts } = report;
      longestPauseMs = Math.max(longestPauseMs, pauseMs);
      console.log(`seed ${seed}: ${JSON.stringify(report)}`);
      for (const [name, count] of Object.entries({ ...counts, ...faults }))
        sum[name] = (sum[name] ?? 0) + count;
    } catch (cause) {
      const replay = `npm run chaos -- delivery --kafka ${kafka} --group ${group} --tasks ${tasks} --runs 1 --seed ${seed}`;
      throw new Error(`${cause instanceof Error ? cause.message : cause}\nrun it again with: ${replay}`, {
        cause,
      });
    }
  }
  console.log(`${runs} runs, zero lost: ${JSON.stringify({ ...sum, longestPauseMs })}`);
}
