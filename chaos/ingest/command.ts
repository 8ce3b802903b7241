import { parseArgs } from "node:util";
import { experiment } from "./experiment.ts";

/** `npm run chaos -- ingest --slots 20000 --kills 50 [--seed TEXT] [--rate 0.05] [--slot-ms 12]`. */
export async function chaosIngest(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      slots: { type: "string", default: "20000" },
      kills: { type: "string", default: "50" },
      rate: { type: "string", default: "0.05" },
      seed: { type: "string", default: String(Date.now()) },
      "slot-ms": { type: "string", default: "12" },
    },
  });
  const options = {
    slots: Number(values.slots),
    kills: Number(values.kills),
    rate: Number(values.rate),
    seed: values.seed,
    slotMs: Number(values["slot-ms"]),
  };
  console.log(
    `again: npm run chaos -- ingest --slots ${options.slots} --kills ${options.kills} --rate ${options.rate} --seed ${options.seed} --slot-ms ${options.slotMs}`,
  );
  const began = performance.now();
  const report = await experiment({ ...options, onProgress: (text) => console.log(text) });
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${JSON.stringify(report, null, 2)}\n${seconds} s`);
  if (report.differences.length > 0) throw new Error(`${report.differences.length} differences`);
}
