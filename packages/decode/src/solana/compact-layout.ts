import { PatternSet } from "../pattern-set.ts";

/** How a node encodes its transactions. */
export type Encoding = "json" | "base64";

/** One way to write a block's transactions. */
export interface Form {
  /** How each transaction begins: with one of the fields that every one has, whatever its version. */
  readonly start: string;
  /** Whether that field is the transaction itself, before its metadata. */
  readonly leads: boolean;
  /** How one ends and the next begins. */
  readonly border: Buffer;
  readonly between: string;
  /** What stands after colons and commas. */
  readonly space: string;
  /** What each transaction of an encoding holds exactly once. */
  readonly once: Readonly<Record<Encoding, PatternSet>>;
  readonly error: string;
  readonly log: string;
}

/** The form that a block is written in, and the offset of its first transaction. */
export interface Layout extends Form {
  readonly first: number;
}

interface Spacing {
  readonly list: string;
  readonly forms: readonly Form[];
}

/** Nodes write no spaces; recorded files often have one after each comma and colon. */
const SPACINGS: readonly Spacing[] = ["", " "].map((space) => {
  const between = `},${space}`;
  const forms = ["transaction", "meta"].flatMap((field) =>
    ["{", "["].map((open) => {
      const start = `{"${field}":${space}${open}`;
      const border = Buffer.from(between + start);
      const once = {
        json: new PatternSet([`"numReadonlyUnsignedAccounts":${space}`]),
        // A program's return value is written in base64 too, but not between these fields.
        base64: new PatternSet([
          field === "transaction" ? `"base64"],${space}"meta":` : `"transaction":${space}["`,
        ]),
      };
      return {
        start,
        leads: field === "transaction",
        border,
        between,
        space,
        once,
        error: `"err":${space}`,
        log: `"logMessages":${space}["`,
      };
    }),
  );
  return { list: `"transactions":${space}[`, forms };
});

/** The layouts that the beginning of a block's list of transactions fits: one or none. */
export function layoutsOf(buffer: Buffer): Layout[] {
  for (const { list, forms } of SPACINGS) {
    const found = buffer.indexOf(list);
    if (found === -1) continue;
    const first = found + list.length;
    return forms
      .filter(({ start }) => buffer.toString("latin1", first, first + start.length) === start)
      .map((form) => ({ ...form, first }));
  }
  return [];
}
