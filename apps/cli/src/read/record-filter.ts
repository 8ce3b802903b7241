import { type ConsumedRecord, partitionName } from "@candlewick/kafka";
import { InvalidArgumentError } from "commander";
import { textOf } from "./record-line.ts";

/** Which records are shown; all conditions that are set must hold. */
export interface RecordFilter {
  readonly partition: number | null;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the key or the value, as they stand in the record. */
  readonly expression: RegExp | null;
}

/** Whether a record passes. `shown` is its value as it is shown, which an expression may match too. */
export function passes(record: ConsumedRecord, filter: RecordFilter, shown: string): boolean {
  const { partition, key, headers, expression } = filter;
  if (partition !== null && record.partition !== partition) return false;
  if (key !== null && !(record.key?.equals(Buffer.from(key)) ?? false)) return false;
  for (const [name, value] of Object.entries(headers)) {
    if (!(record.headers.get(name)?.equals(Buffer.from(value)) ?? false)) return false;
  }
  if (expression === null) return true;
  return expression.test(shown) || (record.key !== null && expression.test(textOf(record.key) ?? ""));
}

/** Only the partitions that can pass, of offsets by `partitionName`. */
export function partitionsThatPass<Value>(
  offsets: ReadonlyMap<string, Value>,
  topic: string,
  { partition }: RecordFilter,
): Map<string, Value> {
  if (partition === null) return new Map(offsets);
  const name = partitionName({ topic, partition });
  return new Map([...offsets].filter(([other]) => other === name));
}

/** Reads a flag that is a regular expression. */
export function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : String(error));
  }
}
