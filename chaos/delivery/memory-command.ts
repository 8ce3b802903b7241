import { parseArgs } from "node:util";
import { type MemoryReport, measureMemory } from "./memory.ts";

const MIB = 1 << 20;
/**
 * The bound: what may be in flight, twice; the largest answers that may be under way (8 MiB each, read and
 * copied); and the process itself with the garbage of reading a backlog at full speed.
 */
const PROCESS_BYTES = 384 * MIB;
const ANSWER_BYTES = 32 * MIB;

/** The most memory that a consumer may take with this setting. */
export function memoryBound(maxInFlightBytes: number): number {
  return PROCESS_BYTES + ANSWER_BYTES + 2 * maxInFlightBytes;
}

/**
 * `delivery-memory [--records N] [--in-flight MIB] [--watch SECONDS]`: a stuck handler, then a stuck retry topic,
 * before a backlog. Rejects where the memory exceeds its bound.
 */
export async function chaosDeliveryMemory(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: "string", default: "5000000" },
      "in-flight": { type: "string", default: "64" },
      watch: { type: "string", default: "20" },
      stuck: { type: "string" },
    },
  });
  const inFlightBytes = Number(values["in-flight"]) * MIB;
  for (const stuck of ["handler", "retry-topic"] as const) {
    if (values.stuck !== undefined && values.stuck !== stuck) continue;
    const report = await measureMemory(
      stuck,
      Number(values.records),
      inFlightBytes,
      Number(values.watch) * 1_000,
    );
    console.log(JSON.stringify(report));
    checkMemory(report, inFlightBytes);
  }
}

/** Throws where a report exceeds the bound. */
export function checkMemory(report: MemoryReport, maxInFlightBytes: number): void {
  const bound = memoryBound(maxInFlightBytes);
  if (report.highestRssBytes > bound) {
    const text = `${Math.round(report.highestRssBytes / MIB)} MiB of ${Math.round(bound / MIB)} MiB`;
    throw new Error(`a stuck ${report.stuck} took ${text}`);
  }
}
