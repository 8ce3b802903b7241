import { type BlockRef, knownSymbol, type PairFacts, type Trade, VENUES } from "@candlewick/domain";
import { ContractError } from "./contract-error.ts";
import { Fields } from "./fields.ts";
import { MAX_MESSAGE_BYTES } from "./topics.ts";
import { tradeWithPair } from "./trade-with-pair.ts";

/** One message: a JSON array of trades. */
export function encodeTrades(trades: readonly Trade[]): Buffer {
  return Buffer.from(JSON.stringify(trades.map(tradeWithPair)));
}

/**
 * The messages of a block's trades: one where it fits, else as many parts as needed, cut between trades.
 * Throws a RangeError for a single trade larger than `maxBytes`.
 */
export function encodeTradeMessages(trades: readonly Trade[], maxBytes = MAX_MESSAGE_BYTES): Buffer[] {
  const whole = encodeTrades(trades);
  if (whole.length <= maxBytes) return [whole];
  if (trades.length === 1) throw new RangeError(`a trade of ${whole.length} bytes exceeds ${maxBytes}`);
  const middle = Math.ceil(trades.length / 2);
  return [
    ...encodeTradeMessages(trades.slice(0, middle), maxBytes),
    ...encodeTradeMessages(trades.slice(middle), maxBytes),
  ];
}

/** Reads a message of trades. Throws a ContractError that names the field where it is not one. */
export function decodeTrades(value: Uint8Array | null): Trade[] {
  const json = parseJson(value);
  if (!Array.isArray(json)) throw new ContractError("message", "is not an array of trades");
  return json.map((item, index) => tradeOfMessage(item, `[${index}]`));
}

/** Parses a message's bytes. Throws a ContractError where they are no JSON. */
export function parseJson(value: Uint8Array | null): unknown {
  if (value === null) throw new ContractError("message", "has no value");
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ContractError("message", "is not JSON", { cause });
  }
}

/** Reads one trade of a message. Prices are not read but computed anew from the exact amounts. */
export function tradeOfMessage(item: unknown, path: string): Trade {
  const fields = new Fields(item, path);
  const pair = fields.object("pair_info");
  const block: BlockRef = {
    chain: fields.chain("chain_id_int"),
    id: fields.string("block_id"),
    slot: fields.slot("slot"),
    time: fields.countOrNull("block_time", 8_640_000_000),
  };
  return {
    block,
    tx: fields.string("tx_hash"),
    position: {
      slot: block.slot,
      txIndex: fields.count("transaction_index", 0xffffff),
      outer: fields.count("outer_index", 0xffff),
      inner: fields.countOrNull("inner_index", 0xfffe),
      hop: fields.count("hop_index", 0xff),
    },
    venue: fields.oneOf("swap_name", VENUES),
    program: fields.string("program"),
    pair: fields.string("pair_addr"),
    side: fields.oneOf("type", ["buy", "sell"] as const),
    base: { mint: pair.string("base_token_addr"), decimals: pair.count("base_token_decimal", 255) },
    token: { mint: pair.string("token_addr"), decimals: pair.count("token_decimal", 255) },
    baseAmount: fields.amount("base_token_amount_int"),
    tokenAmount: fields.amount("token_amount_int"),
    poolBaseAmount: fields.amount("pool_base_token_amount_int"),
    poolTokenAmount: fields.amount("pool_token_amount_int"),
    baseReserve: fields.amountOrNull("current_base_token_in_pool_amount_int"),
    tokenReserve: fields.amountOrNull("current_token_in_pool_amount_int"),
    baseUsd: fields.nanoUsdOrNull("base_token_price_usd"),
    maker: fields.string("maker"),
    recipient: fields.stringOrNull("to"),
    routeId: fields.stringOrNull("route_id"),
    ...optional("clamp", fields.booleanOrNull("clamp")),
    ...optional("facts", factsOf(pair)),
  };
}

/** A field that is absent where nothing is known. */
function optional<Name extends string, Value>(name: Name, value: Value | null): { [Key in Name]?: Value } {
  return value === null ? {} : ({ [name]: value } as { [Key in Name]?: Value });
}

/** What a message tells of its pair beyond what the addresses tell by themselves; null for nothing. */
function factsOf(pair: Fields): PairFacts | null {
  const facts: PairFacts = {
    baseSymbol: pair.stringOrNull("base_token_symbol"),
    tokenSymbol: pair.stringOrNull("token_symbol"),
    tokenName: pair.stringOrNull("token_name"),
    tokenSupply: pair.amountOrNull("token_total_supply_int"),
    createdSlot: pair.slotOrNull("block_num"),
    createdTime: pair.countOrNull("block_time", 8_640_000_000),
  };
  const { baseSymbol, tokenSymbol, ...others } = facts;
  const known =
    Object.values(others).some((value) => value !== null) ||
    baseSymbol !== knownSymbol(pair.string("base_token_addr")) ||
    tokenSymbol !== knownSymbol(pair.string("token_addr"));
  return known ? facts : null;
}
