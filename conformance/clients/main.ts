import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apacheKafkaAvailable, KAFKA_VERSION } from "../apache-kafka.ts";
import { clients } from "./clients.ts";
import { type ClientResult, type Outcome, runClient } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { startCandlewickBroker, startControl } from "./sides.ts";
import { mergeRows, readRows, rowsOf, tableOf, withPart } from "./table.ts";

/**
 * Runs other people's clients against the embedded broker and Apache Kafka: `npm run clients [-- words]`. With
 * words, only the clients and scenarios of those names. Where all scenarios ran, the clients' rows in
 * docs/clients.md are written anew.
 */
const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "clients.md");
const words = process.argv.slice(2);
const names = [...clients, ...scenarios].map(({ name }) => name);
const stranger = words.find((word) => !names.includes(word));
if (stranger !== undefined) {
  console.error(`There is no client or scenario "${stranger}". There are: ${names.join(", ")}.`);
  process.exit(2);
}
const chosenClients = chosen(clients);
const chosenScenarios = chosen(scenarios);
const reason = apacheKafkaAvailable();
if (reason !== null) {
  console.error(`Cannot compare: ${reason}`);
  process.exit(2);
}
const brokers = await Promise.all([startCandlewickBroker(), startControl()]);
const results: ClientResult[] = [];
console.log(`candlewick broker and Apache Kafka ${KAFKA_VERSION}`);
try {
  for (const client of chosenClients) {
    const prepared = await client.prepare();
    if ("reason" in prepared) {
      console.log(`${client.name}: cannot run here: ${prepared.reason}`);
      continue;
    }
    const onResult = (result: ClientResult): void => {
      results.push(result);
      console.log(`${client.name} ${client.version}, ${result.scenario.name}: ${told(result)}`);
    };
    await runClient(client, prepared.command, brokers, onResult, chosenScenarios);
  }
} finally {
  await Promise.all(brokers.map((broker) => broker.stop()));
}
const failed = results.filter(({ embedded, apache }) => embedded.kind === "fails" && apache.kind === "works");
if (chosenScenarios.length === scenarios.length) {
  const document = readFileSync(DOCUMENT, "utf8");
  const rows = mergeRows(readRows(document), rowsOf(results));
  writeFileSync(DOCUMENT, withPart(document, "clients", tableOf(rows)));
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Those whose names were given; all of them where none was. */
function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const named = all.filter(({ name }) => words.includes(name));
  return named.length === 0 ? all : named;
}

function told({ embedded, apache }: ClientResult): string {
  return `ours ${shown(embedded)}; Apache Kafka ${shown(apache)}`;
}

function shown(outcome: Outcome): string {
  return outcome.kind === "fails" ? `FAILS (${outcome.reason})` : outcome.kind;
}
