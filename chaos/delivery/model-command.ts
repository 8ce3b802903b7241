import { parseArgs } from "node:util";
import { runSeed } from "../../packages/kafka/test/delivery-model/world.ts";

const PROGRESS_EVERY = 1_000;

/**
 * `delivery-model [--seeds N] [--from FIRST] [--seed ONE]`: runs the delivery of records in lockstep with its
 * model, one seed after the other. Rejects with the line that replays the first seed that violates it.
 */
export async function chaosDeliveryModel(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seeds: { type: "string" }, from: { type: "string" }, seed: { type: "string" } },
  });
  const first = Number(values.seed ?? values.from ?? 0);
  const count = values.seed === undefined ? Number(values.seeds ?? 10_000) : 1;
  const sum: Record<string, number> = {};
  for (let seed = first; seed < first + count; seed++) {
    for (const [name, number] of Object.entries(runSeed(seed))) sum[name] = (sum[name] ?? 0) + number;
    if ((seed - first + 1) % PROGRESS_EVERY === 0) console.log(`${seed - first + 1} seeds, all as promised`);
  }
  console.log(`${count} seeds: ${JSON.stringify(sum)}`);
}
