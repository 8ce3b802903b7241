import { fetch } from "../../../packages/broker/src/protocol/messages/fetch.ts";
import { oneFetch } from "../../requests.ts";
import type { Codec } from "../client.ts";
import { expectSame, type Scenario, type Stage, valuesOf } from "./scenario.ts";

const RECORDS = 500;
/** A batch: offset, size of what follows, and among that the attributes, whose low three bits tell the codec. */
const SIZE_AT = 8;
const LOG_OVERHEAD = 12;
const ATTRIBUTES_AT = 21;
const CODEC_MASK = 0b111;
const CODEC_NUMBERS: Readonly<Record<Codec, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** What the client compresses is stored as it came and read back, in order, whole. */
export const compression: Scenario = {
  name: "compression",
  title: "produce and consume, each codec",
  suits: ({ codecs }) => codecs.length > 0,
  async run(stage) {
    for (const codec of stage.client.codecs) await roundTrip(stage, codec);
  },
};

async function roundTrip(stage: Stage, codec: Codec): Promise<void> {
  const topic = stage.name(codec);
  const topicId = await stage.session.createTopic(topic);
  await stage.start("produce", { topic, codec, prefix: codec, count: RECORDS }).done();
  await stage.start("produce", { topic, codec: "none", prefix: "end", count: 1 }).done();
  const reader = stage.start("consume", { topic, until: "end-0", readCommitted: false });
  await reader.done();
  expectSame(`records with ${codec}`, reader.values, [...valuesOf(codec, RECORDS), "end-0"]);
  const used = await storedCodecs(stage, topic, topicId);
  // A client may leave a batch as it is where compression would not make it smaller.
  const isUsed =
    used.has(CODEC_NUMBERS[codec]) && [...used].every((one) => one === 0 || one === CODEC_NUMBERS[codec]);
  if (!isUsed) throw new Error(`batches sent with ${codec} are stored with the codecs ${[...used]}`);
}

async function storedCodecs(stage: Stage, topic: string, topicId: string): Promise<Set<number>> {
  const answer = await stage.session.ask(fetch, 13, oneFetch(topic, { topicId }));
  const stored = answer.responses[0]?.partitions[0]?.records;
  if (stored === null || stored === undefined) throw new Error(`nothing is stored in ${topic}`);
  const used = new Set<number>();
  for (
    let at = 0;
    at + ATTRIBUTES_AT < stored.length;
    at += LOG_OVERHEAD + stored.readInt32BE(at + SIZE_AT)
  ) {
    used.add(stored.readInt16BE(at + ATTRIBUTES_AT) & CODEC_MASK);
  }
  return used;
}
