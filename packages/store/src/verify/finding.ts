/** What one check of one chain found. */
export interface Finding {
  readonly compared: number;
  readonly differences: number;
  readonly inFlight: number;
  /** The first differences, each one line. */
  readonly examples: readonly string[];
}

export const NOTHING_FOUND: Finding = { compared: 0, differences: 0, inFlight: 0, examples: [] };

/** Both together, with at most `limit` examples. */
export function together(a: Finding, b: Finding, limit: number): Finding {
  return {
    compared: a.compared + b.compared,
    differences: a.differences + b.differences,
    inFlight: a.inFlight + b.inFlight,
    examples: [...a.examples, ...b.examples].slice(0, limit),
  };
}
