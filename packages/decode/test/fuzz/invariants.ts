import { comparePositions, orderKey, type PoolEvent, type Swap } from "@candlewick/domain";

const MAX_U64 = (1n << 64n) - 1n;

/** What a decoder gave, be its input what it may. */
export interface Outcome {
  readonly swaps: readonly Swap[];
  readonly poolEvents: readonly PoolEvent[];
  readonly skipped: ReadonlyMap<string, number>;
}

/** Throws where one of the laws is broken that hold of whatever a decoder gives. */
export function checkOutcome({ swaps, poolEvents, skipped }: Outcome): void {
  for (const [index, swap] of swaps.entries()) {
    checkSwap(swap);
    const before = swaps[index - 1];
    if (before !== undefined && comparePositions(before.position, swap.position) >= 0)
      throw new Error("order");
  }
  for (const event of poolEvents) checkPoolEvent(event);
  for (const [reason, count] of skipped) {
    if (reason === "" || !Number.isSafeInteger(count) || count < 1)
      throw new Error(`count ${reason} ${count}`);
  }
}

function checkSwap(swap: Swap): void {
  const { userIn, userOut, poolIn, poolOut, reserveIn, reserveOut, assetIn, assetOut } = swap;
  for (const amount of [userIn, userOut, poolIn, poolOut, reserveIn ?? 0n, reserveOut ?? 0n])
    checkAmount(amount);
  for (const { mint, decimals } of [assetIn, assetOut]) {
    if (mint === "" || !(Number.isInteger(decimals) && decimals >= 0 && decimals <= 255)) {
      throw new Error(`${mint} ${decimals}`);
    }
  }
  if (swap.pool === "" || swap.maker === "" || swap.tx === "") throw new Error("an address is missing");
  if (swap.quoteMint !== assetIn.mint && swap.quoteMint !== assetOut.mint) throw new Error("quote mint");
  orderKey(swap.position, "block");
}

function checkPoolEvent(event: PoolEvent): void {
  if (event.pool === "" || event.tx === "") throw new Error("an address is missing");
  orderKey(event.position, "block");
  if (event.kind === "migrated") return;
  for (const side of event.sides) {
    checkAmount(side.reserve ?? 0n);
    if ("amount" in side) checkAmount(side.amount);
    if (side.mint === "") throw new Error("a mint is missing");
  }
  if (event.kind !== "created") return;
  checkAmount(event.supply ?? 0n);
  for (const text of [event.name ?? "", event.symbol ?? ""]) {
    if (text.length > 256 || text.includes("\0")) throw new Error(`text ${JSON.stringify(text)}`);
  }
}

function checkAmount(amount: bigint): void {
  if (amount < 0n || amount > MAX_U64) throw new Error(`amount ${amount}`);
}
