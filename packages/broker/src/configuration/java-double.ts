/** A number as Java's Double.toString writes it, which is how Apache Kafka tells its settings. */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7))
    return Number.isInteger(value) ? value.toFixed(1) : String(value);
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[fd]?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)[fd]?$/i;
const WORDS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
]);

/** A number as Java's Double.parseDouble reads it; undefined where it would refuse. */
export function readJavaDouble(text: string): number | undefined {
  const trimmed = text.trim();
  const word = WORDS.get(trimmed.replace(/^[+-]/, ""));
  if (word !== undefined) return trimmed.startsWith("-") ? -word : word;
  if (DECIMAL.test(trimmed)) return Number(trimmed.replace(/[fd]$/i, ""));
  const [, sign, whole = "", fraction = "", exponent] = HEXADECIMAL.exec(trimmed) ?? [];
  if (whole + fraction === "") return undefined;
  const size = Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -size : size;
}
