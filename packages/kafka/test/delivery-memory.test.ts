import { describe, expect, it } from "vitest";
import { measureMemory } from "../../../chaos/delivery/memory.ts";
import { checkMemory } from "../../../chaos/delivery/memory-command.ts";

const IN_FLIGHT_BYTES = 4 << 20;
/** Of each partition's share one answer of 2 MiB may come on top, and what stands in the last batch. */
const OVERSHOOT_BYTES = 4 * (2 << 20);

describe("the memory of a consumer", () => {
  it.each(["handler", "retry-topic"] as const)(
    "is bounded while its %s is stuck",
    { timeout: 180_000 },
    async (stuck) => {
      const report = await measureMemory(stuck, 120_000, IN_FLIGHT_BYTES, 500);
      checkMemory(report);
      // The backlog alone is larger than that: 120,000 records with their overhead are 50 MB.
      expect(report.highestWindowBytes).toBeLessThan(IN_FLIGHT_BYTES + OVERSHOOT_BYTES);
    },
  );
});
