/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** One figure, for people and for docs/benchmarks.md. */
export function report(name: string, value: number, unit: string): void {
  const text = value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  console.log(`${name.padEnd(58)} ${text.padStart(10)} ${unit}`);
}
