import { threadId } from "node:worker_threads";
import { ContractError } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { ConsumedRecord } from "../src/index.ts";

/** A handler that runs in threads: what a test expects of each number. */
export default function handle(record: ConsumedRecord, { attempt }: { readonly attempt: number }): void {
  if (threadId === 0) throw new Error("this is the main thread");
  const number = Number(record.value);
  if (number === 3) throw new ContractError("price", "is no number");
  if (number === 5) throw new RangeError("not five");
  if (number === 7 && attempt < 3) throw new CandlewickError(ERRORS.databaseUnreachable, "away", "wait");
}
