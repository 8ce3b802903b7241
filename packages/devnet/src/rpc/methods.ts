import type { Chain } from "../chain/chain.ts";
import { TOKEN_2022_PROGRAM } from "../chain/programs.ts";
import { type AccountJson, metadataAccount, mintAccount } from "../wire/account-json.ts";
import type { BlockCache, BlockView } from "./block-cache.ts";
import type { Ledger } from "./ledger.ts";
import { isWhole, type Parameters } from "./parameters.ts";
import { RPC_ERRORS } from "./rpc-error.ts";

/** What a method needs. */
export interface MethodContext {
  readonly ledger: Ledger;
  readonly blocks: BlockCache;
  readonly genesisHash: string;
  /** Told of what must not happen: a bug of the node. */
  readonly onBug: (error: unknown) => void;
}

/** Answers with the JSON text of the result. Throws an RpcError. */
type Method = (context: MethodContext, parameters: Parameters) => string;

const MAX_RANGE = 500_000;

/** The methods of a Solana node that a reader of blocks needs. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["getBlock", getBlock],
  ["getBlocks", getBlocks],
  ["getBlocksWithLimit", getBlocksWithLimit],
  ["getBlockTime", getBlockTime],
  ["getBlockHeight", getBlockHeight],
  ["getTokenSupply", getTokenSupply],
  ["getAccountInfo", getAccountInfo],
  ["getMultipleAccounts", getMultipleAccounts],
  ["getSlot", ({ ledger }, parameters) => String(ledger.head(parameters.commitment()))],
  ["getFirstAvailableBlock", ({ ledger }) => String(ledger.first())],
  ["minimumLedgerSlot", ({ ledger }) => String(ledger.first())],
  ["getGenesisHash", ({ genesisHash }) => JSON.stringify(genesisHash)],
  ["getHealth", () => '"ok"'],
  ["getVersion", () => JSON.stringify({ "feature-set": 3_640_012_085, "solana-core": NODE_VERSION })],
]);

/** The version whose answers these are. */
const NODE_VERSION = "3.1.11";

function getBlock({ ledger, blocks }: MethodContext, parameters: Parameters): string {
  const slot = parameters.number(0, "slot");
  const config = parameters.config();
  const encoding = config.encoding ?? "json";
  if (encoding !== "json") {
    throw RPC_ERRORS.invalidParams(`Invalid params: the simulated node has encoding json, not ${encoding}`);
  }
  const details = detailsOf(config.transactionDetails ?? "full");
  const rewards = config.rewards ?? true;
  if (typeof rewards !== "boolean")
    throw RPC_ERRORS.invalidParams("Invalid params: rewards must be a boolean");
  ledger.check(slot, parameters.blockCommitment());
  if (details === "full") checkVersions(ledger, slot, config.maxSupportedTransactionVersion);
  return blocks.text(slot, { details, rewards });
}

function detailsOf(value: unknown): BlockView["details"] {
  if (value === "full" || value === "signatures" || value === "none") return value;
  throw RPC_ERRORS.invalidParams(`Invalid params: unknown transactionDetails ${JSON.stringify(value)}`);
}

/** A client must say that it understands versioned transactions before it gets one. */
function checkVersions(ledger: Ledger, slot: number, supported: unknown): void {
  if (isWhole(supported)) return;
  if (supported !== undefined && supported !== null) {
    throw RPC_ERRORS.invalidParams("Invalid params: maxSupportedTransactionVersion must be u8");
  }
  const { transactions } = ledger.chain.blockAt(slot);
  if (transactions.some(({ version }) => version !== "legacy")) throw RPC_ERRORS.unsupportedVersion(0);
}

function getBlocks({ ledger }: MethodContext, parameters: Parameters): string {
  const start = parameters.number(0, "start_slot");
  const commitment = parameters.blockCommitment();
  const end =
    parameters.optionalNumber(1, "end_slot") ?? Math.min(start + MAX_RANGE, ledger.head(commitment));
  if (end - start > MAX_RANGE) throw RPC_ERRORS.invalidParams(`Slot range too large; max ${MAX_RANGE}`);
  return JSON.stringify(ledger.blocks(start, end, commitment));
}

function getBlocksWithLimit({ ledger }: MethodContext, parameters: Parameters): string {
  const start = parameters.number(0, "start_slot");
  const limit = parameters.number(1, "limit");
  if (limit > MAX_RANGE) throw RPC_ERRORS.invalidParams(`Limit too large; max ${MAX_RANGE}`);
  const commitment = parameters.blockCommitment();
  return JSON.stringify(ledger.blocks(start, Number.POSITIVE_INFINITY, commitment, limit));
}

function getBlockTime({ ledger }: MethodContext, parameters: Parameters): string {
  const slot = parameters.number(0, "slot");
  ledger.check(slot, "confirmed");
  return String(ledger.chain.calendar.timeOf(slot));
}

function getBlockHeight({ ledger }: MethodContext, parameters: Parameters): string {
  return String(ledger.chain.calendar.heightOf(ledger.head(parameters.commitment())));
}

function getTokenSupply({ ledger }: MethodContext, parameters: Parameters): string {
  const mint = parameters.text(0, "mint");
  const slot = ledger.head(parameters.commitment());
  const token = ledger.chain.tokenOf(mint, slot);
  if (token === undefined) throw RPC_ERRORS.invalidParams("Invalid param: could not find account");
  const { supply, decimals } = token;
  const amount = supply.toString();
  const whole = supply / 10n ** BigInt(decimals);
  return JSON.stringify({
    context: { apiVersion: NODE_VERSION, slot },
    value: { amount, decimals, uiAmount: Number(whole), uiAmountString: whole.toString() },
  });
}

const MAX_ACCOUNTS = 100;

function getMultipleAccounts(context: MethodContext, parameters: Parameters): string {
  const addresses = parameters.texts(0, "pubkeys");
  if (addresses.length > MAX_ACCOUNTS) {
    throw RPC_ERRORS.invalidParams(`Too many inputs provided; max ${MAX_ACCOUNTS}`);
  }
  return accounts(context, parameters, (accountAt) => addresses.map(accountAt));
}

function getAccountInfo(context: MethodContext, parameters: Parameters): string {
  const address = parameters.text(0, "pubkey");
  return accounts(context, parameters, (accountAt) => accountAt(address));
}

function accounts(
  { ledger }: MethodContext,
  parameters: Parameters,
  read: (accountAt: (address: string) => AccountJson | null) => unknown,
): string {
  if ((parameters.config().encoding ?? "base64") !== "base64") {
    throw RPC_ERRORS.invalidParams("Invalid params: the simulated node has accounts in base64 only");
  }
  const slot = ledger.head(parameters.commitment());
  const value = read((address) => accountAt(ledger.chain, address, slot));
  return JSON.stringify({ context: { apiVersion: NODE_VERSION, slot }, value });
}

/** Of all accounts, the mints and what Metaplex keeps of them: what a reader of tokens asks for. */
function accountAt(chain: Chain, address: string, slot: number): AccountJson | null {
  const token = chain.tokenOf(address, slot);
  if (token !== undefined) return mintAccount(token);
  const described = chain.tokenDescribedAt(address, slot);
  // Token-2022 has a place for it in the mint itself.
  return described === undefined || described.program === TOKEN_2022_PROGRAM
    ? null
    : metadataAccount(described);
}
