import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { TOPICS } from "@candlewick/contracts";
import { dataflowSchema, startDataflow } from "@candlewick/dataflow";
import { ingestSchema, startIngest } from "@candlewick/ingest";
import { createAdmin, parsePartitionName } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { startServers } from "./servers.ts";
import { report } from "./statistics.ts";

const RECORDED = "../shared/data/solana/blocks/332254855.getBlock.json.gz";
const BLOCKS = Number(process.env.CANDLEWICK_BENCH_BLOCKS ?? 1_200);
/** A slot takes 400 ms. */
const BLOCKS_PER_SECOND = 2.5;
const THREADS = Number(process.env.CANDLEWICK_BENCH_THREADS ?? 2);
/** By the ending of a file's name. */
const FORMS: Readonly<Record<string, (block: string) => string | Buffer>> = {
  ".json": (block) => block,
  ".json.gz": (block) => gzipSync(block),
  ".json.zst": (block) => zstdCompressSync(block),
};
const FORM = process.env.CANDLEWICK_BENCH_FORM ?? ".json.zst";

/**
 * How many seconds of a chain are caught up with in one: recorded blocks from files through Kafka into
 * PostgreSQL, in one process. Each file is a mainnet block of 1445 transactions (5.5 MB of JSON) under a
 * slot, a hash and a time of its own, so that every block's trades are new ones.
 */
export async function benchCatchUp(): Promise<void> {
  if (!existsSync(RECORDED)) {
    console.log(`${RECORDED} is absent: nothing to measure`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "candlewick-catch-up-"));
  const servers = await startServers();
  try {
    writeBlocks(folder);
    const shared = { ...servers, logger: silentLogger, clock: systemClock };
    const group = dataflowSchema.parse({});
    const dataflow = await startDataflow(group, { ...shared, metrics: new Registry(), chain: "solana" });
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    const config = ingestSchema.parse({
      source: "replay",
      blocks: folder,
      decodeThreads: THREADS,
      concurrency: 16,
    });
    const ingest = await startIngest(config, { ...shared, metrics: new Registry() });
    await ingest.done;
    const published = (performance.now() - began) / 1000;
    const admin = await createAdmin(servers.kafka);
    const ends = await admin.endOffsets([TOPICS.solana.trades, TOPICS.solana.blocks]);
    await admin.close();
    const partitions = [...ends.keys()].map(parsePartitionName);
    for (;;) {
      const stored = await servers.store.offsets(group.group, partitions);
      if ([...ends].every(([name, end]) => end === 0n || stored.get(name) === end)) break;
      await systemClock.delay(10);
    }
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    await dataflow.stop(5_000);
    const chain = (await servers.store.status()).chains[0];
    console.log(
      `${BLOCKS} blocks of 5.5 MB as ${FORM}, ${chain?.trades} trades, ${THREADS} decoding threads; one second of the chain is ${BLOCKS_PER_SECOND} blocks`,
    );
    report("catching up, times real time", BLOCKS / BLOCKS_PER_SECOND / seconds, "x");
    report("until all is published", BLOCKS / BLOCKS_PER_SECOND / published, "x");
    report("blocks per second", BLOCKS / seconds, "");
    report("processor time of this process, broker included", (user + system) / 1e3 / BLOCKS, "ms a block");
  } finally {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The recorded block again and again, as a chain of slots. */
function writeBlocks(folder: string): void {
  const form = FORMS[FORM];
  if (form === undefined) throw new RangeError(`${FORM} is none of ${Object.keys(FORMS).join(", ")}`);
  mkdirSync(folder, { recursive: true });
  const text = gunzipSync(readFileSync(RECORDED)).toString();
  const { blockhash, previousBlockhash, parentSlot, blockTime } = JSON.parse(text);
  const began = Math.floor(Date.now() / 1000) - Math.ceil(BLOCKS / BLOCKS_PER_SECOND);
  const first = 332_254_855;
  const nameOf = (index: number) =>
    `${String(index).padStart(6, "1").replaceAll("0", "z")}${blockhash.slice(6)}`;
  // Signatures are left as they are: a trade's identity has the block in it.
  for (let index = 0; index < BLOCKS; index++) {
    const block = text
      .replace(`"blockhash":"${blockhash}"`, `"blockhash":"${nameOf(index)}"`)
      .replace(`"previousBlockhash":"${previousBlockhash}"`, `"previousBlockhash":"${nameOf(index - 1)}"`)
      .replace(`"parentSlot":${parentSlot}`, `"parentSlot":${first + index - 1}`)
      .replace(`"blockTime":${blockTime}`, `"blockTime":${began + Math.floor(index / BLOCKS_PER_SECOND)}`);
    writeFileSync(join(folder, `${first + index}${FORM}`), form(block));
  }
}
