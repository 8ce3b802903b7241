import { parseArgs } from "node:util";
import { type MemoryReport, measureMemory } from "./memory.ts";

const MIB = 1 << 20;
/** An answer of a broker as it is received, its records copied out of it, and two that wait to be decoded. */
const ANSWER_BYTES = 4 * 4 * MIB;
/** What a record of the window is besides its bytes: objects, views of its key and value, a place in a lane. */
const OBJECT_BYTES = 1_024;
/** V8's young generation of three spaces of 16 MiB, and what it lets grow outside of its heap before it looks. */
const SLACK_BYTES = 3 * 16 * MIB + 64 * MIB;
/** Garbage may be as much as what lives before it is collected. */
const GARBAGE_FACTOR = 2;

/**
 * The most memory that a consumer may take, by its options: what it takes before it begins, what may live of
 * records, and the garbage beside that.
 */
export function memoryBound({ idleRssBytes, maxInFlightBytes, maxInFlightRecords }: MemoryReport): number {
  const livingBytes = maxInFlightBytes + maxInFlightRecords * OBJECT_BYTES + ANSWER_BYTES;
  return idleRssBytes + SLACK_BYTES + GARBAGE_FACTOR * livingBytes;
}

/**
 * `delivery-memory [--records N] [--in-flight MIB] [--watch SECONDS] [--stuck handler|retry-topic]`: a stuck handler,
 * then a stuck retry topic, before a backlog. Rejects where the memory exceeds its bound.
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
    console.log(JSON.stringify({ ...report, boundBytes: memoryBound(report) }));
    checkMemory(report);
  }
}

/** Throws where a report exceeds the bound. */
export function checkMemory(report: MemoryReport): void {
  const bound = memoryBound(report);
  if (report.highestRssBytes > bound) {
    const text = `${Math.round(report.highestRssBytes / MIB)} MiB of ${Math.round(bound / MIB)} MiB`;
    throw new Error(`a stuck ${report.stuck} took ${text}`);
  }
}
