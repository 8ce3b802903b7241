import type { BlockRecord, ChainName, Trade } from "@candlewick/domain";
import { decodeBlock } from "./block-codec.ts";
import { ContractError } from "./contract-error.ts";
import { decodeTrades } from "./trade-codec.ts";

/** Reads a message of a chain's topic of trades. A trade of another chain violates the contract of the topic. */
export function decodeTradesOf(chain: ChainName, value: Uint8Array | null): Trade[] {
  const trades = decodeTrades(value);
  const stranger = trades.findIndex(({ block }) => block.chain !== chain);
  if (stranger >= 0) throw new ContractError(`[${stranger}].chain_id_int`, `is not that of ${chain}`);
  return trades;
}

/** Reads a message of a chain's topic of blocks. A block of another chain violates the contract of the topic. */
export function decodeBlockOf(chain: ChainName, value: Uint8Array | null): BlockRecord {
  const block = decodeBlock(value);
  if (block.chain !== chain) throw new ContractError("block.chain_id_int", `is not that of ${chain}`);
  return block;
}
