import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apacheKafkaAvailable } from "../apache-kafka.ts";
import type { Client } from "./client.ts";
import { clients } from "./clients.ts";
import { type ClientResult, runClient } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { type BrokerProcess, startCandlewickBroker, startControl } from "./sides.ts";
import { cellOf, readRows } from "./table.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "clients.md");
const TIMEOUT_MS = 400_000;
const rows = readRows(readFileSync(DOCUMENT, "utf8"));
const reason = apacheKafkaAvailable();
const title = "other people's clients do what docs/clients.md says";

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

describe.skipIf(reason !== null)(reason === null ? title : `${title} (not run: ${reason})`, () => {
  let brokers: readonly [embedded: BrokerProcess, apache: BrokerProcess];

  beforeAll(async () => {
    brokers = await Promise.all([startCandlewickBroker(), startControl()]);
  });

  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
  });

  // Where tests run for everybody, all of them have to be there; at home what is not installed is left out.
  const quick = clients.filter(({ isQuick, isThere }) => isQuick && (isThere() || process.env.CI === "true"));
  test.each(quick.map((client) => [client.name, client] as const))(
    "%s",
    async (name, client) => {
      const prepared = await client.prepare();
      if ("reason" in prepared) throw new Error(`${name} cannot run here: ${prepared.reason}`);
      const results: ClientResult[] = [];
      await runClient(client, prepared.command, brokers, (result) => results.push(result));
      const row = rows.find((one) => one.client === name);
      const said = scenarios.map(({ name: scenario }, index) => `${scenario}: ${row?.cells[index]}`);
      expect(results.map((result) => `${result.scenario.name}: ${cellOf(result)}`)).toEqual(said);
    },
    TIMEOUT_MS,
  );
});
