import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gunzipSync } from "node:zlib";
import { type BlockFormat, type DecodedBlock, decodeBlock } from "@candlewick/decode";
import { createChain } from "@candlewick/devnet";
import { slot } from "@candlewick/domain";
import { inBase64, inConfirmedBlock, inYellowstone } from "../packages/decode/test/block-encoders.ts";
import { DexParser, type SolanaTransaction } from "../packages/decode/test/dex-parser.ts";
import { median, report } from "./statistics.ts";

const ROUNDS = 61;
/** The first rounds warm the compiler up. */
const WARM_UP = 20;
/** The other decoder takes a quarter of a second a block. */
const OTHER_ROUNDS = 15;
const OTHER_WARM_UP = 5;

/** From a block's bytes to its swaps, against JSON.parse of the same bytes and another decoder, in one process. */
export async function benchDecode(): Promise<void> {
  const { bytes, number, name } = block();
  const forms = formsOf(bytes, number);
  const parseMs: number[] = [];
  const oursMs = forms.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [k, form] of forms.entries()) oursMs[k]?.push(timed(() => decode(form, number)));
    // Text included, as the decoder starts from bytes too.
    parseMs.push(timed(() => JSON.parse(bytes.toString("utf8"))));
  }
  const parse = median(parseMs.slice(WARM_UP));
  const json = median((oursMs[0] ?? []).slice(WARM_UP));
  console.log(`block: ${name}, ${bytes.length} bytes, ${decode(forms[0], number).swaps.length} swaps`);
  report("JSON.parse of the json bytes, text included, median", parse, "ms");
  for (const [k, { label, bytes: of }] of forms.entries()) {
    report(`${label}: ${of.length} bytes to swaps, median`, median((oursMs[k] ?? []).slice(WARM_UP)), "ms");
  }
  report("ratio, json", json / parse, "x JSON.parse");
  reportHeap(forms, number);
  reportOther(bytes, number, json);
}

interface Form {
  readonly label: string;
  readonly format: BlockFormat;
  readonly bytes: Uint8Array;
}

function formsOf(bytes: Buffer, number: number): [Form, ...Form[]] {
  const parsed = JSON.parse(bytes.toString("utf8"));
  return [
    { label: "json", format: "json", bytes },
    { label: "base64", format: "json", bytes: Buffer.from(JSON.stringify(inBase64(parsed))) },
    { label: "Yellowstone", format: "yellowstone", bytes: inYellowstone(parsed, number) },
    { label: "ConfirmedBlock", format: "confirmed-block", bytes: inConfirmedBlock(parsed) },
  ];
}

function decode({ format, bytes }: Form, number: number): DecodedBlock {
  return decodeBlock(format, bytes, slot(number));
}

/** What a block leaves on the heap for the collector, and what stays when that has been there. */
function reportHeap(forms: readonly Form[], number: number): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("the collector cannot be called");
  for (const form of forms) {
    const growths: number[] = [];
    for (let round = 0; round < 9; round++) {
      collect();
      const before = process.memoryUsage().heapUsed;
      decode(form, number);
      growths.push(process.memoryUsage().heapUsed - before);
    }
    report(`heap growth of one block, ${form.label}, median`, median(growths) / 1e6, "MB");
  }
}

/**
 * solana-dex-parser from the same bytes, unknown programs left aside: given every transaction, as its documents
 * do, and with the votes and failures sorted out for it.
 */
function reportOther(bytes: Buffer, number: number, ourMs: number): void {
  for (const [name, wanted] of OTHER_WAYS) {
    const times: number[] = [];
    let trades = 0;
    const run = () => {
      trades = 0;
      const { transactions, blockTime } = JSON.parse(bytes.toString("utf8")) as ParsedBlock;
      for (const entry of transactions) {
        if (!wanted(entry)) continue;
        const input = { ...entry, slot: number, blockTime } as unknown as SolanaTransaction;
        trades += otherParser.parseTrades(input, { tryUnknowDEX: false }).length;
      }
    };
    const write = console.error;
    console.error = () => {};
    for (let round = 0; round < OTHER_ROUNDS; round++) times.push(timed(run));
    console.error = write;
    const other = median(times.slice(OTHER_WARM_UP));
    report(`solana-dex-parser, ${name}: bytes to ${trades} trades`, other, "ms");
    report("solana-dex-parser / ours", other / ourMs, "x");
  }
}

const otherParser = new DexParser();
const OTHER_WAYS: readonly (readonly [string, (entry: ParsedBlock["transactions"][number]) => boolean])[] = [
  ["every transaction", () => true],
  ["those that succeeded", ({ meta }) => meta.err === null],
  ["no votes either", (entry) => entry.meta.err === null && !isVote(entry)],
];

interface ParsedBlock {
  readonly blockTime: number;
  readonly transactions: readonly {
    readonly meta: { readonly err: unknown };
    readonly transaction: { readonly message: { readonly accountKeys: readonly string[] } };
  }[];
}

const VOTE_PROGRAM = "Vote111111111111111111111111111111111111111";

function isVote({ transaction }: ParsedBlock["transactions"][number]): boolean {
  return transaction.message.accountKeys.includes(VOTE_PROGRAM);
}

/** Milliseconds by the clock: the thread's own time is counted in steps of up to 4 ms on some machines. */
function timed(run: () => unknown): number {
  const began = performance.now();
  run();
  return performance.now() - began;
}

/** The recorded mainnet block where it is there, else a simulated one. */
function block(): { bytes: Buffer; number: number; name: string } {
  const recorded = fileURLToPath(
    new URL("../../shared/data/solana/blocks/332254855.getBlock.json.gz", import.meta.url),
  );
  if (existsSync(recorded)) {
    return {
      bytes: gunzipSync(readFileSync(recorded)),
      number: 332_254_855,
      name: "mainnet 332254855 (recorded)",
    };
  }
  const chain = createChain({
    genesisUnixMs: 1_700_000_000_000,
    tradesPerSlot: 40,
    votesPerBlock: 1_000,
    skippedSlotRate: 0,
  });
  const number = chain.options.firstSlot + 100;
  return { bytes: Buffer.from(JSON.stringify(chain.blockAt(number))), number, name: "simulated" };
}
