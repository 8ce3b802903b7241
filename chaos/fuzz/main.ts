// npm run fuzz -- broker [--requests 1000000] [--seed 1]: damaged requests to the embedded broker.
// npm run fuzz -- decode [--cases 1000000] [--first 0]: damaged transactions and blocks to the decoders.
import { OptionRefused } from "../count-option.ts";
import { fuzzBrokers } from "./broker.ts";
import { fuzzDecode } from "./decode.ts";

const PARTS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  broker: fuzzBrokers,
  decode: fuzzDecode,
};

const [part = "", ...args] = process.argv.slice(2);
const run = PARTS[part];
if (run === undefined) {
  console.error(`nothing called ${part} can be fuzzed; there are ${Object.keys(PARTS).join(" and ")}`);
  process.exit(1);
}
try {
  await run(args);
  process.exit(0);
} catch (error) {
  console.error(error instanceof OptionRefused ? error.message : error);
  process.exit(1);
}
