// npm run bench [-- NAME ...]: measures, and prints one line per figure.

/** Each is loaded only when it is asked for. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  decode: async () => (await import("./decode.ts")).benchDecode(),
  throughput: async () => (await import("./throughput.ts")).benchThroughput(),
  latency: async () => (await import("./latency.ts")).benchLatency(),
  "catch-up": async () => (await import("./catch-up.ts")).benchCatchUp(),
  rebalance: async () => (await import("./rebalance.ts")).benchRebalance("range"),
  "rebalance-cooperative-sticky": async () =>
    (await import("./rebalance.ts")).benchRebalance("cooperative-sticky"),
  "rebalance-consumer": async () => (await import("./rebalance.ts")).benchRebalance("consumer"),
  broker: async () => (await import("./broker.ts")).benchBroker(),
  delivery: async () => (await import("./delivery.ts")).benchDelivery(),
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
