/** The chains that Candlewick knows, by the name used in configuration, topics and tables. */
export type ChainName = "solana" | "ethereum";

/** `chain_id` as messages carry it. Solana has no number of its own; the seed's convention is 100000. */
export const CHAIN_IDS: Readonly<Record<ChainName, number>> = { solana: 100_000, ethereum: 1 };

/** The chain with that `chain_id`, or undefined. */
export function chainOfId(id: number): ChainName | undefined {
  if (id === CHAIN_IDS.solana) return "solana";
  if (id === CHAIN_IDS.ethereum) return "ethereum";
  return undefined;
}
