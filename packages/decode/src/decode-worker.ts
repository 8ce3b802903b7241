import { parentPort } from "node:worker_threads";
import { slot } from "@candlewick/domain";
import { BlockFileReader } from "./block-file.ts";
import type { DecodeAnswer, DecodeInput, DecodeJob } from "./decode-pool.ts";
import { decodeBlock } from "./solana/block-format.ts";
import type { DecodedBlock } from "./solana/decode-block.ts";

const files = new BlockFileReader();

/** Runs in a thread of a decode pool: one block in, what it holds out. */
parentPort?.on("message", (job: DecodeJob) => {
  parentPort?.postMessage(answer(job));
});

function answer({ number, slot: at, input }: DecodeJob): DecodeAnswer {
  try {
    return { number, decoded: decode(input, at) };
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { number, failure: { name, message, stack: stack ?? "" } };
  }
}

function decode(input: DecodeInput, at: number): DecodedBlock {
  if (input.kind === "bytes") return decodeBlock(input.format, input.bytes, slot(at));
  return decodeBlock("json", files.read(input.path, input.maxBytes), slot(at));
}
