import { apacheKafkaAvailable, KAFKA_VERSION } from "./apache-kafka.ts";
import { conformanceCases } from "./cases/index.ts";
import { randomConformance } from "./random/command.ts";
import { runAll } from "./run.ts";

/**
 * Compares the embedded broker with Apache Kafka: `node --conditions=candlewick-src conformance/main.ts [words]`.
 * With words, only the cases whose area or name holds all of them.
 */
const words = process.argv.slice(2);
if (words[0] === "random") process.exit(await randomConformance(words.slice(1)));
const chosen = conformanceCases.filter(({ area, name }) =>
  words.every((word) => `${area} ${name}`.includes(word)),
);
const reason = apacheKafkaAvailable();
if (reason !== null) {
  console.error(`Cannot compare: ${reason}`);
  process.exit(2);
}
console.log(`embedded broker and Apache Kafka ${KAFKA_VERSION}, ${chosen.length} cases`);
const { results, missing } = await runAll(chosen, ({ area, name, differences }) => {
  console.log(`${differences.length === 0 ? "ok  " : "FAIL"} ${area}: ${name}`);
  for (const difference of differences) console.log(`       ${difference}`);
});
const isWhole = words.length === 0;
if (isWhole) for (const version of missing) console.log(`FAIL no case sends ${version}`);
const failed =
  results.filter(({ differences }) => differences.length > 0).length + (isWhole ? missing.length : 0);
console.log(
  `${results.length - results.filter(({ differences }) => differences.length > 0).length} passed, ${failed} failed`,
);
process.exitCode = failed === 0 ? 0 : 1;
