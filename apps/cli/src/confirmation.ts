import { createInterface } from "node:readline/promises";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/**
 * Asks before something that cannot be undone. Without a terminal nobody can answer: then `--yes` must have
 * said it. Throws USAGE where the answer is no.
 */
export async function confirm(what: string, { yes }: { readonly yes?: true }): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY) {
    throw new CandlewickError(ERRORS.usage, `this would ${what}`, "Add --yes to do it");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`This will ${what}. Go on? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new CandlewickError(ERRORS.usage, "nothing was done", "Answer y to do it, or add --yes");
}
