import { rawAmount, slot, type Trade, WSOL_MINT } from "@candlewick/domain";

/** Trades over many pairs by Zipf's law (exponent 1.1), `perSlot` to a slot of 400 ms, from a seed. */
export class ZipfTrades {
  readonly #cumulative: readonly number[];
  readonly #perSlot: number;
  #state = 12_345;
  #slot = 400_000_000;

  constructor(pairs: number, perSlot: number) {
    const weights = Array.from({ length: pairs }, (_, rank) => 1 / (rank + 1) ** 1.1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#cumulative = weights.map((weight) => {
      sum += weight / total;
      return sum;
    });
    this.#perSlot = perSlot;
  }

  /** The trades of the next slot, at `timeSeconds`. */
  next(timeSeconds: number): Trade[] {
    const at = slot(this.#slot++);
    return Array.from({ length: this.#perSlot }, (_, txIndex) => this.#trade(at, txIndex, timeSeconds));
  }

  #trade(at: ReturnType<typeof slot>, txIndex: number, time: number): Trade {
    const rank = this.#rank();
    const tokens = rawAmount(BigInt(1_000_000 + Math.floor(this.#random() * 1e12)));
    const lamports = rawAmount(BigInt(1_000 + Math.floor(this.#random() * 1e10)));
    const pair = `Pair${letters(rank)}`.padEnd(44, "x");
    return {
      block: { chain: "solana", id: `Block${at}`.padEnd(44, "y"), slot: at, time },
      tx: `Signature${at}x${txIndex}`.padEnd(88, "z"),
      position: { slot: at, txIndex, outer: 2, inner: null, hop: 0 },
      venue: "PumpSwap",
      program: "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA",
      pair,
      side: this.#random() < 0.5 ? "buy" : "sell",
      base: { mint: WSOL_MINT, decimals: 9 },
      token: { mint: `Mint${pair}`.slice(0, 44), decimals: 6 },
      baseAmount: lamports,
      tokenAmount: tokens,
      poolBaseAmount: lamports,
      poolTokenAmount: tokens,
      baseReserve: rawAmount(10n ** 12n),
      tokenReserve: rawAmount(10n ** 15n),
      baseUsd: 150_000_000_000n,
      maker: `Maker${Math.floor(this.#random() * 1e6)}`.padEnd(44, "m"),
      recipient: null,
      routeId: null,
    };
  }

  #rank(): number {
    const value = this.#random();
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#cumulative[middle] ?? 1) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

/** A number in letters of base 58, where 0 and l are none. */
function letters(value: number): string {
  return [...String(value).padStart(6, "0")].map((digit) => "ABCDEFGHJK"[Number(digit)]).join("");
}
