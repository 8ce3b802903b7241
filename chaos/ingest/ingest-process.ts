// One life of ingest, to be killed: reads what it needs from the environment and runs until SIGTERM.
import { ingestSchema, startIngest } from "@candlewick/ingest";
import { createLogger, Registry, systemClock } from "@candlewick/runtime";
import { openStore } from "@candlewick/store";

const { config, connection, brokers } = JSON.parse(process.env.CHAOS_INGEST ?? "{}");
const logger = createLogger({ level: "warn", format: "json" });
const store = await openStore({ connection, logger, poolSize: 4 });
const kafka = { brokers, clientId: "chaos-ingest", logger };
const metrics = new Registry();
const service = await startIngest(ingestSchema.parse(config), {
  kafka,
  store,
  logger,
  metrics,
  clock: systemClock,
});
process.stdout.write("started\n");
process.on("SIGTERM", () => void service.stop(5_000));
await service.done;
process.stdout.write(`${JSON.stringify(await metrics.getMetricsAsJSON())}\n`);
await store.close();
process.exit(0);
