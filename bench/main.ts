// npm run bench [-- NAME ...]: measures, and prints one line per figure.
import { benchDecode } from "./decode.ts";
import { benchLatency } from "./latency.ts";
import { benchThroughput } from "./throughput.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  decode: benchDecode,
  throughput: benchThroughput,
  latency: benchLatency,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(`no bench is called ${name}; there are ${Object.keys(BENCHES).join(", ")}`);
    process.exit(1);
  }
  console.log(`== ${name}`);
  await bench();
}
process.exit(0);
