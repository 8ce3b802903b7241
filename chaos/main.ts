// npm run chaos -- NAME [OPTIONS]: long runs that break things on purpose and compare what is left with the truth.

import { OptionRefused } from "./count-option.ts";

/** Each experiment reads its own options and rejects where something was lost, doubled or wrong. */
type Experiment = (args: readonly string[]) => Promise<void>;

const EXPERIMENTS: Readonly<Record<string, () => Promise<Experiment>>> = {
  delivery: async () => (await import("./delivery/command.ts")).chaosDelivery,
  "delivery-memory": async () => (await import("./delivery/memory-command.ts")).chaosDeliveryMemory,
  "delivery-model": async () => (await import("./delivery/model-command.ts")).chaosDeliveryModel,
  broker: async () => (await import("./broker/command.ts")).chaosBroker,
  ingest: async () => (await import("./ingest/command.ts")).chaosIngest,
};

const [name = "", ...args] = process.argv.slice(2);
const load = EXPERIMENTS[name];
if (load === undefined) {
  console.error(`no experiment is called ${name}; there are ${Object.keys(EXPERIMENTS).join(", ")}`);
  process.exit(1);
}
try {
  await (await load())(args);
  process.exit(0);
} catch (error) {
  console.error(error instanceof OptionRefused ? error.message : error);
  process.exit(1);
}
