/** What the programs of a transaction wrote, line by line. Few decoders ask for it, and rarely: it is read on demand. */
export interface TransactionLog {
  /** Whether the node cut it off: 10 KB are kept of each transaction. */
  readonly truncated: boolean;
  /** The lines; what is no text among them is of no use. Empty where the node kept no log. */
  lines(): readonly unknown[];
}

/** The line that a node writes in place of all that does not fit. Nothing comes after it. */
export const LOG_TRUNCATED = "Log truncated";

export function logOf(lines: readonly unknown[]): TransactionLog {
  return { truncated: lines.at(-1) === LOG_TRUNCATED, lines: () => lines };
}
