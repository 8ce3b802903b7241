/** Bounds for single addresses, "10.0.0.1:5,10.0.0.2:7"; undefined where it is something else. */
export function addressBounds(value: string): Readonly<Record<string, number>> | undefined {
  const bounds = new Map<string, number>();
  for (const pair of value.split(",")) {
    if (value.trim() === "") break;
    const match = /^\s*(.+):(\d+)\s*$/.exec(pair);
    if (match === null) return undefined;
    bounds.set(match[1] ?? "", Number(match[2]));
  }
  return Object.fromEntries(bounds);
}
