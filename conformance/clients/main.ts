import { apacheKafkaAvailable, KAFKA_VERSION } from "../apache-kafka.ts";
import { clients } from "./clients.ts";
import { type ClientResult, type Outcome, runClient } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { startCandlewickBroker, startControl } from "./sides.ts";

/**
 * Runs other people's clients against the embedded broker and Apache Kafka: `npm run clients [-- words]`. With
 * words, only the clients and scenarios of those names.
 */
const words = process.argv.slice(2);
const chosenClients = clients.filter(({ name }) => words.includes(name));
const chosenScenarios = scenarios.filter(({ name }) => words.includes(name));
const reason = apacheKafkaAvailable();
if (reason !== null) {
  console.error(`Cannot compare: ${reason}`);
  process.exit(2);
}
const brokers = await Promise.all([startCandlewickBroker(), startControl()]);
const results: ClientResult[] = [];
console.log(`candlewick broker and Apache Kafka ${KAFKA_VERSION}`);
try {
  for (const client of chosenClients.length > 0 ? chosenClients : clients) {
    const prepared = await client.prepare();
    if ("reason" in prepared) {
      console.log(`${client.name}: cannot run here: ${prepared.reason}`);
      continue;
    }
    const chosen = chosenScenarios.length > 0 ? chosenScenarios : scenarios;
    await runClient(
      client,
      prepared.command,
      brokers,
      (result) => {
        results.push(result);
        console.log(`${client.name} ${client.version}, ${result.scenario.name}: ${told(result)}`);
      },
      chosen,
    );
  }
} finally {
  await Promise.all(brokers.map((broker) => broker.stop()));
}
process.exitCode = results.some(
  ({ embedded, apache }) => embedded.kind === "fails" && apache.kind === "works",
)
  ? 1
  : 0;

function told({ embedded, apache }: ClientResult): string {
  return `ours ${shown(embedded)}; Apache Kafka ${shown(apache)}`;
}

function shown(outcome: Outcome): string {
  return outcome.kind === "fails" ? `FAILS (${outcome.reason})` : outcome.kind;
}
