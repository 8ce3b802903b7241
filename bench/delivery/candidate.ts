// candidate.ts CLIENT MODE BROKERS TOPIC COUNT CONCURRENCY: one measurement of a client for Node, as JSON.
import { consumeWith } from "./consuming.ts";
import { produceWith } from "./producing.ts";

const [client, mode, brokers, topic, count, concurrency] = process.argv.slice(2);
if (
  client === undefined ||
  mode === undefined ||
  brokers === undefined ||
  topic === undefined ||
  count === undefined ||
  concurrency === undefined
) {
  throw new Error("usage: CLIENT MODE BROKERS TOPIC COUNT CONCURRENCY");
}
const task = { brokers: brokers.split(","), topic, count: Number(count), concurrency: Number(concurrency) };
const measure = produceWith(client, mode) ?? consumeWith(client, mode);
if (measure === null) throw new Error(`there is no measurement ${client} ${mode}`);
console.log(JSON.stringify({ seconds: await measure(task) }));
process.exit(0);
