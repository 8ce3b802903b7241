import { startBroker } from "../src/index.ts";

/** A broker in a process of its own, for tests that kill it: tells its port to the parent. */
const [dataDir = "", segmentBytes = "1048576"] = process.argv.slice(2);
const broker = await startBroker({
  dataDir,
  maintenanceIntervalMs: 20,
  logCleanerBackoffMs: 10,
  topicDefaults: { "segment.bytes": segmentBytes, "retention.ms": "-1" },
});
process.send?.(broker.port);
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => {
  broker.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
