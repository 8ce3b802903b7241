import { parentPort } from "node:worker_threads";
import { slot } from "@candlewick/domain";
import type { DecodeAnswer, DecodeJob } from "./decode-pool.ts";
import { decodeBlock } from "./solana/block-format.ts";

/** Runs in a thread of a decode pool: one block in, what it holds out. */
parentPort?.on("message", ({ number, format, bytes, slot: at }: DecodeJob) => {
  parentPort?.postMessage(answer(number, () => decodeBlock(format, bytes, slot(at))));
});

function answer(number: number, decode: () => ReturnType<typeof decodeBlock>): DecodeAnswer {
  try {
    return { number, decoded: decode() };
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { number, failure: { name, message, stack: stack ?? "" } };
  }
}
