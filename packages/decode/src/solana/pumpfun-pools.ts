import { WSOL_MINT } from "@candlewick/domain";
import { isZeroKey, readKey, readU64 } from "../little-endian.ts";
import { logEvents, selfCpiEvents } from "./event.ts";
import type { SkipReason } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { type PoolFinding, type PoolReader, poolReader } from "./pool-finding.ts";
import { readClaim, readText } from "./token-claim.ts";
import type { SolanaTransaction } from "./transaction.ts";

const CREATE_EVENT = "1b72a94ddeeb6376";

const table = poolReader({
  migrated: {
    "9beae792ec9ea21e": { pool: 3, target: 9 }, // migrate
    bbcb121fceedfe29: { pool: 4, target: 10 }, // migrate_v2
  },
});

/** Curves by the event that every creation leaves, whatever the instruction is called; migrations by their accounts. */
export function pumpfunPools(
  transaction: SolanaTransaction,
  instruction: Instruction,
  data: Uint8Array,
): ReturnType<PoolReader> {
  const findings: (PoolFinding | SkipReason)[] = [...table(transaction, instruction, data)];
  let created = selfCpiEvents(transaction, instruction).filter(({ name }) => name === CREATE_EVENT);
  if (created.length === 0 && CREATIONS.has(data[0] ?? 0)) {
    created = logEvents(transaction, instruction).filter(({ name }) => name === CREATE_EVENT);
  }
  for (const { bytes } of created) {
    findings.push(readCreation(bytes) ?? "malformed-event");
  }
  return findings;
}

/** First bytes of create and create_v2: for others the log is not looked at. */
const CREATIONS: ReadonlySet<number> = new Set([0x18, 0xd6]);

/**
 * CreateEvent: name, symbol, address of a picture; mint, curve, user, creator; time; virtual coins and SOL,
 * real coins, supply; since 2025 token program, two flags, mint and virtual amount of another quote than SOL.
 */
function readCreation(bytes: Uint8Array): PoolFinding | null {
  const token = readClaim(bytes, 8);
  const uri = readText(bytes, readText(bytes, readText(bytes, 8)?.end ?? 0)?.end ?? 0);
  if (token === null || uri === null) return null;
  const mint = uri.end;
  const numbers = mint + 4 * 32 + 8;
  if (bytes.length < mint + 96) return null;
  const coin = readKey(bytes, mint);
  const pool = readKey(bytes, mint + 32);
  // The first generation knows the user only, who paid for the launch.
  const creator = readKey(bytes, bytes.length >= mint + 128 ? mint + 96 : mint + 64);
  const common = { kind: "created", pool, vaults: null, creator } as const;
  if (bytes.length < numbers + 32) return { ...common, mints: [coin, WSOL_MINT], reserves: null, token };
  const [coins, sol, supply] = [
    readU64(bytes, numbers),
    readU64(bytes, numbers + 8),
    readU64(bytes, numbers + 24),
  ];
  const quote = numbers + 32 + 32 + 2;
  const inToken = bytes.length >= quote + 40 && !isZeroKey(bytes, quote);
  return {
    ...common,
    mints: [coin, inToken ? readKey(bytes, quote) : WSOL_MINT],
    reserves: [coins, inToken ? readU64(bytes, quote + 32) : sol],
    token: { ...token, supply },
  };
}
