export interface VerifyOptions {
  /** Rewrites what can be made again from the trades, and then checks once more. Default false. */
  readonly repair?: boolean;
  /** How many differences are listed for each check; all are counted. Default 20. */
  readonly maxExamples?: number;
  /**
   * The group that fills the database and the ends of its topics. Where the group has not reached them, a
   * block whose trades are not all there counts as in flight and not as a difference. A function is called
   * once the state that is checked is fixed: ends that were read before say too little of a database that is
   * still being filled. Absent: nothing is in flight.
   */
  readonly progress?: {
    readonly group: string;
    readonly endOffsets: EndOffsets | (() => Promise<EndOffsets>);
  };
}

/** The end of each partition by its name. */
export type EndOffsets = ReadonlyMap<string, bigint>;

/** What a check looks at. */
export type VerifyCheckName =
  | "candles"
  | "prices"
  | "order-keys"
  | "block-trades"
  | "ledger"
  | "accounting"
  | "offsets";

export interface VerifyCheck {
  readonly name: VerifyCheckName;
  /** How many things were compared. */
  readonly compared: number;
  readonly differences: number;
  /** The first ones, each one line. */
  readonly examples: readonly string[];
  /** Things that cannot be judged yet because records are still on their way. */
  readonly inFlight: number;
  /** How many were rewritten. */
  readonly repaired: number;
}

export interface VerifyReport {
  /** No differences are left. */
  readonly ok: boolean;
  readonly checks: readonly VerifyCheck[];
}
