import { tradeWithPair } from "@candlewick/contracts";
import { Command, InvalidArgumentError, Option } from "commander";
import { decodeInOrder, TradeSequence } from "../decode/block-sequence.ts";
import { note, output } from "../output.ts";
import { example } from "../usage.ts";

interface DecodeFlags {
  readonly slot?: number;
}

/** `decode`: the trades of recorded blocks, one JSON object per line. */
export function decodeCommand(): Command {
  const command = new Command("decode")
    .argument("<file...>", 'results of getBlock (.json, .json.gz), folders of them, or "-"')
    .addOption(new Option("--chain <name>", "the chain of the blocks").choices(["solana"]).default("solana"))
    .option("--slot <n>", "the block's slot, where the file's name does not start with it", parseSlot)
    .action(decode);
  return example(
    command,
    "candlewick decode 332254855.json.gz",
    "curl -s ... | candlewick decode - --slot 332254855",
  );
}

async function decode(files: readonly string[], flags: DecodeFlags): Promise<void> {
  const sequence = new TradeSequence();
  const skipped = new Map<string, number>();
  let blocks = 0;
  let trades = 0;
  for await (const block of decodeInOrder(files, flags.slot)) {
    for (const trade of sequence.next(block)) {
      await output.line(JSON.stringify(tradeWithPair(trade)));
      trades++;
    }
    for (const [reason, count] of block.skipped) skipped.set(reason, (skipped.get(reason) ?? 0) + count);
    blocks++;
  }
  if (skipped.size === 0) return;
  const reasons = [...skipped]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, count]) => `${reason} ${count}`);
  note(
    `candlewick: ${trades} trades of ${blocks} ${blocks === 1 ? "block" : "blocks"}; skipped: ${reasons.join(", ")}`,
  );
}

function parseSlot(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It is not a slot number.");
  return value;
}
