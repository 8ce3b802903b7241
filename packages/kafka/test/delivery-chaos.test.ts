import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Experiment, type Site } from "../../../chaos/delivery/experiment.ts";
import { embeddedSite } from "../../../chaos/delivery/site.ts";

describe("consumers in processes of their own", () => {
  let site: Site;
  beforeAll(async () => {
    site = await embeddedSite();
  });
  afterAll(() => site.stop());

  // Seed 3: a broker that is killed and a member that leaves. Seed 4: a kill and two partitions of the network.
  it.each([
    { seed: 3, group: "range" },
    { seed: 4, group: "range" },
    { seed: 3, group: "cooperative-sticky" },
    { seed: 4, group: "consumer" },
  ] as const)(
    "lose nothing and keep the order of keys, whatever breaks (seed $seed, $group)",
    { timeout: 180_000 },
    async ({ seed, group }) => {
      const report = await new Experiment(site, { seed, tasks: 400, sessionTimeoutMs: 2_000, group }).run();
      expect(report.done + report.dead).toBeGreaterThanOrEqual(400);
    },
  );
});
