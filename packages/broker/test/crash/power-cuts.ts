import { startBroker } from "../../src/index.ts";
import { ManualClock } from "../manual-clock.ts";
import { PowerCutDisk } from "../power-cut-disk.ts";
import type { Cradle } from "./crash-run.ts";

const MAINTENANCE_MS = 1000;
/** So often, in turns of the event loop, the clock moves on to the next compaction. */
const TURNS = 20;

/** Brokers in this process, on a disk that forgets what was not synced. */
export function powerCuts(onError: (text: string) => void): Cradle {
  let disk = new PowerCutDisk();
  return {
    kind: "power cuts",
    async start(random) {
      const clock = new ManualClock();
      let ticking = true;
      const broker = await startBroker({
        disk,
        clock,
        maintenanceIntervalMs: MAINTENANCE_MS,
        logCleanerBackoffMs: MAINTENANCE_MS / 2,
        topicDefaults: { "segment.bytes": "1024", "retention.ms": "-1" },
        log: (line) => {
          // What goes wrong in a broker without power is nobody's concern.
          if (line.level === "error" && ticking) onError(JSON.stringify(line));
        },
      });
      let turns = 0;
      const tick = (): void => {
        if (!ticking) return;
        if (++turns % TURNS === 0) clock.advance(MAINTENANCE_MS);
        setImmediate(tick);
      };
      tick();
      return {
        port: broker.port,
        async crash() {
          // What the disk is like at this moment is all that the next broker finds.
          const left = disk.afterPowerCut(random, ["memory"]);
          ticking = false;
          await broker.stop();
          disk = left;
        },
      };
    },
    async stop() {},
  };
}
