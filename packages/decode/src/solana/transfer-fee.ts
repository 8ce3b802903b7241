import { eventOfPool, logEvents } from "./event.ts";
import type { Exchange, Hop } from "./exchange.ts";
import type { Instruction } from "./instruction.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** A swap event in a program's log that tells what the mints withheld; its pool stands behind the discriminator. */
export interface FeeEvent {
  readonly name: string;
  /** Bytes of the event's first generation; later ones are longer. */
  readonly minBytes: number;
  /** Fees on the input and on the output. */
  fees(bytes: Uint8Array): readonly [bigint, bigint];
}

/**
 * What moved, without the fees that Token-2022 mints withheld. A plain transfer of such a mint does not tell
 * them, only the venue's event in the log does; where the log is cut, the amounts stay as transferred.
 */
export function withoutTransferFees(
  transaction: SolanaTransaction,
  instruction: Instruction,
  hop: Hop,
  exchange: Exchange,
  event: FeeEvent,
): Exchange {
  if (!exchange.token2022) return exchange;
  const events = logEvents(transaction, instruction);
  const bytes = eventOfPool(events, event.name, event.minBytes, transaction.address(hop.pool) ?? "");
  return bytes === undefined ? exchange : subtract(exchange, event.fees(bytes));
}

function subtract(exchange: Exchange, [feeIn, feeOut]: readonly [bigint, bigint]): Exchange {
  const { paid, outOfPool } = exchange;
  // A fee that the transfer itself told is in the amounts already.
  const toldIn = exchange.intoPool !== paid || feeIn > paid;
  const toldOut = exchange.received !== outOfPool || feeOut > outOfPool;
  return {
    ...exchange,
    intoPool: toldIn ? exchange.intoPool : paid - feeIn,
    received: toldOut ? exchange.received : outOfPool - feeOut,
  };
}
