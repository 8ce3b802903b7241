import type { GroupWay } from "../chaos/delivery/group-way.ts";
import { apacheSite, embeddedSite } from "../chaos/delivery/site.ts";
import { writePart } from "./delivery/page.ts";
import { RebalanceGroup, type RebalanceReport, type RebalanceStep } from "./delivery/rebalance-group.ts";

const SITES = { "embedded broker": embeddedSite, "Apache Kafka": apacheSite } as const;

/**
 * A group that grows and shrinks under load, on both brokers: for how long nothing goes on at each step. The way in
 * which it shares its partitions out is part of the bench's name, but for range.
 */
export async function benchRebalance(group: GroupWay): Promise<void> {
  const reports = new Map<string, RebalanceReport>();
  for (const [name, start] of Object.entries(SITES)) {
    const site = await start();
    if (site === null) continue;
    try {
      const report = await new RebalanceGroup(site, group).run();
      console.log(`-- ${name}: ${report.records} records, none skipped, ${report.repeated} repeated`);
      for (const step of report.steps)
        console.log(
          `${step.before} -> ${step.after} members: group ${step.groupMs} ms, partition ${step.partitionMs} ms`,
        );
      reports.set(name, report);
    } finally {
      await site.stop();
    }
  }
  if (reports.size === Object.keys(SITES).length)
    writePart(group === "range" ? "rebalance" : `rebalance-${group}`, pageOf(reports));
}

function pageOf(reports: ReadonlyMap<string, RebalanceReport>): string {
  const names = [...reports.keys()];
  const counts = [...reports].map(
    ([name, { records, repeated }]) =>
      `${name}: ${records.toLocaleString("en")} records, none skipped or out of order, ${repeated} repeated`,
  );
  const [first] = reports.values();
  const rows = (first?.steps ?? []).map((step, index) => {
    const cells = [...reports.values()].map(({ steps }) => cellsOf(steps[index]));
    return `| ${step.before} to ${step.after} | ${cells.join(" | ")} |`;
  });
  const head = names.map((name) => `${name}: nobody finished a record, ms | a partition had to wait, ms`);
  const conditions =
    `3,000 records/s arrive in 16 partitions, handlers of 1 ms, every member a process of its own with the default ` +
    `settings, all on two cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}. ${counts.join("; ")}.`;
  return [
    conditions,
    "",
    `| members | ${head.join(" | ")} |`,
    `|---|${"---:|".repeat(2 * names.length)}`,
    ...rows,
    "",
  ].join("\n");
}

function cellsOf(step: RebalanceStep | undefined): string {
  return step === undefined ? "| " : `${whole(step.groupMs)} | ${whole(step.partitionMs)}`;
}

function whole(ms: number): string {
  return Math.round(ms).toLocaleString("en");
}
