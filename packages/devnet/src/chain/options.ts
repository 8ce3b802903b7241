import { DevnetError } from "../devnet-error.ts";
import type { Resume } from "./slot-times.ts";

/** What determines every byte of the simulated chain. Equal options give equal blocks. */
export interface ChainOptions {
  /** Any text; default "candlewick". */
  readonly seed: string;
  /** Time of the first slot, milliseconds since the epoch. */
  readonly genesisUnixMs: number;
  readonly slotMs: number;
  /** Number of the first slot that the node knows. */
  readonly firstSlot: number;
  /** About how many pairs trade at any time. */
  readonly pairs: number;
  /** Mean number of trades in a block. */
  readonly tradesPerSlot: number;
  /** Share of slots without a block. */
  readonly skippedSlotRate: number;
  /** Share of slots with a block that dies: one that is seen at processed and then forked away; at most `skippedSlotRate`. */
  readonly forkedSlotRate: number;
  /** Share of trading transactions that fail. */
  readonly failedTransactionRate: number;
  /** Share of trades that another's two clamp in their block: a sandwich. */
  readonly sandwichRate: number;
  readonly votesPerBlock: number;
  /** A new coin is launched every so many slots. */
  readonly launchEverySlots: number;
  /** Dollars per SOL at the first slot. */
  readonly solUsd: number;
  /** Where the chain went on after it had stood still, in order of slots and times; none by default. */
  readonly resumes: readonly Resume[];
}

const DEFAULTS: Omit<ChainOptions, "genesisUnixMs"> = {
  seed: "candlewick",
  slotMs: 400,
  firstSlot: 380_000_000,
  pairs: 40,
  tradesPerSlot: 14,
  skippedSlotRate: 0.03,
  forkedSlotRate: 0,
  failedTransactionRate: 0.15,
  // Chains of genesis files from before there were sandwiches stay as they are; new ones have some.
  sandwichRate: 0,
  votesPerBlock: 12,
  launchEverySlots: 240,
  solUsd: 150,
  resumes: [],
};

type Range = readonly [low: number, high: number, whole: boolean];

const RANGES: Readonly<Record<Exclude<keyof ChainOptions, "seed" | "resumes">, Range>> = {
  genesisUnixMs: [0, 8e15, true],
  slotMs: [1, 60_000, true],
  firstSlot: [1, 1e12, true],
  pairs: [16, 100_000, true],
  tradesPerSlot: [0, 20_000, false],
  skippedSlotRate: [0, 0.9, false],
  forkedSlotRate: [0, 0.9, false],
  failedTransactionRate: [0, 0.9, false],
  sandwichRate: [0, 0.9, false],
  votesPerBlock: [0, 5_000, true],
  launchEverySlots: [20, 1_000_000, true],
  solUsd: [0.01, 1_000_000, false],
};

/** Fills in what was left out. Throws a DevnetError (INVALID_OPTION) for a value out of its range. */
export function chainOptions(
  given: Partial<ChainOptions> & { readonly genesisUnixMs: number },
): ChainOptions {
  const options = { ...DEFAULTS };
  const set: Record<string, unknown> = options;
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && (name in RANGES || name === "seed" || name === "resumes")) set[name] = value;
  }
  const complete: ChainOptions = { ...options, genesisUnixMs: given.genesisUnixMs };
  for (const [name, [low, high, whole]] of Object.entries(RANGES)) {
    const value = complete[name as keyof typeof RANGES];
    if (
      typeof value !== "number" ||
      !(value >= low && value <= high) ||
      (whole && !Number.isInteger(value))
    ) {
      const kind = whole ? "a whole number" : "a number";
      throw new DevnetError(
        "INVALID_OPTION",
        `devnet ${name} must be ${kind} from ${low} to ${high}, not ${value}.`,
      );
    }
  }
  if (typeof complete.seed !== "string" || complete.seed.length > 200) {
    throw new DevnetError("INVALID_OPTION", "devnet seed must be a text of at most 200 characters.");
  }
  if (!inOrder(complete.resumes)) {
    throw new DevnetError("INVALID_OPTION", "devnet resumes must be whole slots and times that rise.");
  }
  return complete;
}

function inOrder(resumes: readonly Resume[]): boolean {
  const whole = ({ slot, unixMs }: Resume) => Number.isSafeInteger(slot) && Number.isSafeInteger(unixMs);
  return (
    Array.isArray(resumes) &&
    resumes.every(whole) &&
    resumes.every(({ slot, unixMs }, index) => {
      const before = resumes[index - 1];
      return before === undefined || (slot > before.slot && unixMs > before.unixMs);
    })
  );
}
