/**
 * Array literals of PostgreSQL (documentation, 8.15 "Arrays"): a column of a batch as one value, which
 * `unnest` turns into rows. Written here because the driver's own writer is the slowest part of a batch.
 */

/** Numbers of any kind; null and undefined become NULL. */
export function numberArray(values: readonly (number | bigint | null)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) literal += ",";
    literal += value === null || value === undefined ? "NULL" : value;
  }
  return `${literal}}`;
}

/** Texts; null and undefined become NULL. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) literal += ",";
    if (value === null || value === undefined) literal += "NULL";
    else literal += `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, "\\$&") : value}"`;
  }
  return `${literal}}`;
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;
