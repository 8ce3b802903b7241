import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import { clients } from "./clients.ts";
import { outcome } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { type BrokerProcess, startCandlewickBroker } from "./sides.ts";
import { markOf, ownPart, readRows } from "./table.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "clients.md");
const TIMEOUT_MS = 400_000;
const rows = readRows(readFileSync(DOCUMENT, "utf8"));

/** The folder that holds the client's program. */
function folderOf({ name, isStreams }: Client): string {
  return isStreams === true ? "java" : (name.replace(/^@/, "").split("/")[0]?.toLowerCase() ?? "");
}

test("the table names every client in its pinned version", () => {
  const pinned = clients.map(({ name, version }) => `${name} ${version}`);
  expect(rows.map(({ client, version }) => `${client} ${version}`)).toEqual(pinned);
});

test("each client has its program", () => {
  const folders = clients.map(folderOf);
  expect(folders.filter((folder) => !existsSync(join(import.meta.dirname, folder)))).toEqual([]);
});

describe("other people's clients do on the embedded broker what docs/clients.md says", () => {
  let broker: BrokerProcess;

  beforeAll(async () => {
    broker = await startCandlewickBroker();
  });

  afterAll(async () => {
    await broker.stop();
  });

  // Where tests run for everybody, all of them have to be there; at home what is not installed is left out.
  const quick = clients.filter(({ isQuick, isThere }) => isQuick && (isThere() || process.env.CI === "true"));
  // Most of the time goes into waiting for groups: all at once take little longer than the slowest.
  test.concurrent.each(quick.map((client) => [client.name, client] as const))(
    "%s",
    async (name, client) => {
      const prepared = await client.prepare();
      if ("reason" in prepared) throw new Error(`${name} cannot run here: ${prepared.reason}`);
      const row = rows.find((one) => one.client === name);
      const said = scenarios.map(
        (scenario, index) => `${scenario.name}: ${ownPart(row?.cells[index] ?? "")}`,
      );
      const seen: string[] = [];
      for (const scenario of scenarios) {
        const result = await outcome(scenario, client, prepared.command, broker);
        seen.push(`${scenario.name}: ${result.kind === "fails" ? result.reason : markOf(result)}`);
      }
      expect(seen).toEqual(said);
    },
    TIMEOUT_MS,
  );
});
