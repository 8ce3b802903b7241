import { type PoolEvent, type PoolSide, type RawAmount, rawAmount } from "@candlewick/domain";
import { decimalsOf } from "./decimals.ts";
import type { SkipReason, VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import type { Pair, PoolFinding } from "./pool-finding.ts";
import { balanceAt } from "./reserve.ts";
import { isAmount } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Puts a finding in its place, with decimals and reserves as far as the transaction tells them. */
export function poolEventOf(
  transaction: SolanaTransaction,
  instruction: Instruction,
  { venue, program }: Pick<VenueDecoder, "venue" | "program">,
  finding: PoolFinding,
): PoolEvent | SkipReason {
  const { slot, txIndex, signature: tx } = transaction;
  const { outer, inner } = instruction;
  const { pool } = finding;
  const place = { position: { slot, txIndex, outer, inner, hop: 0 }, tx, venue, program, pool };
  switch (finding.kind) {
    case "migrated":
      return { ...place, kind: "migrated", target: finding.target };
    case "created": {
      const { creator, token } = finding;
      return {
        ...place,
        kind: "created",
        sides: sidesOf(transaction, instruction, finding),
        creator,
        name: token?.name ?? null,
        symbol: token?.symbol ?? null,
        supply: amountOrNull(token?.supply ?? null),
      };
    }
    case "liquidity": {
      const [first, second] = finding.amounts;
      if (!isAmount(first) || !isAmount(second)) return "amount-out-of-range";
      if (first === 0n && second === 0n) return "no-liquidity-moved";
      const [a, b] = sidesOf(transaction, instruction, finding);
      const sides = [
        { ...a, amount: rawAmount(first) },
        { ...b, amount: rawAmount(second) },
      ] as const;
      return { ...place, kind: "liquidity", change: finding.change, sides };
    }
  }
}

function sidesOf(
  transaction: SolanaTransaction,
  instruction: Instruction,
  of: {
    readonly mints: Pair<string>;
    readonly vaults: Pair<number> | null;
    readonly reserves: Pair<bigint> | null;
  },
): [PoolSide, PoolSide] {
  const end = transaction.endOf(instruction);
  const side = (index: 0 | 1): PoolSide => {
    const held = of.vaults === null ? null : balanceAt(transaction, of.vaults[index], end);
    return {
      mint: of.mints[index],
      decimals: decimalsOf(transaction, of.mints[index]),
      reserve: amountOrNull(of.reserves?.[index] ?? held),
    };
  };
  return [side(0), side(1)];
}

function amountOrNull(value: bigint | null): RawAmount | null {
  return value !== null && isAmount(value) ? rawAmount(value) : null;
}
