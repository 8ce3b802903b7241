/** Where two normalised observations differ, one line for each place. */
export function differences(embedded: unknown, apache: unknown, path = ""): string[] {
  if (Array.isArray(embedded) && Array.isArray(apache)) return inLists(embedded, apache, path);
  if (isStruct(embedded) && isStruct(apache)) {
    const names = new Set([...Object.keys(embedded), ...Object.keys(apache)]);
    return [...names].flatMap((name) => differences(embedded[name], apache[name], `${path}.${name}`));
  }
  if (Object.is(embedded, apache)) return [];
  return [`${path}: embedded ${shown(embedded)}, Apache Kafka ${shown(apache)}`];
}

function inLists(embedded: readonly unknown[], apache: readonly unknown[], path: string): string[] {
  const length = Math.max(embedded.length, apache.length);
  return Array.from({ length }, (_, index) => {
    const [ours, theirs] = [embedded[index], apache[index]];
    return differences(ours, theirs, `${path}[${stepOf(theirs) ?? stepOf(ours) ?? index}]`);
  }).flat();
}

function stepOf(value: unknown): string | undefined {
  return isStruct(value) && typeof value.step === "string" ? value.step : undefined;
}

function isStruct(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SHOWN_LENGTH = 700;

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
}
