/** What is shown for a value that is not known. */
export const UNKNOWN = "–";

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
/** From so many zeros after the point on they are counted instead of written. */
const MIN_COUNTED_ZEROS = 4;

/**
 * A price with `digits` significant digits, at least as many as the whole part has. Below 0.0001 the zeros
 * after the point are counted in a subscript: 0.000001234 is `0.0₅1234`.
 */
export function priceText(value: number | null, digits = 5): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (value === 0) return "0";
  if (value < 0) return `-${priceText(-value, digits)}`;
  if (value >= 1) {
    const whole = Math.floor(Math.log10(value)) + 1;
    const decimals = Math.max(whole >= 6 ? 0 : 2, Math.min(digits - whole, 4));
    return grouped(value, decimals);
  }
  // toExponential rounds first, so that 0.000099999999 becomes 0.0001 and not a tenth digit.
  const [mantissa = "", exponent = ""] = value.toExponential(digits - 2).split("e");
  const zeros = -Number(exponent) - 1;
  const significant = mantissa.replace(".", "");
  if (zeros < 0) return priceText(1, digits);
  if (zeros < MIN_COUNTED_ZEROS) return `0.${"0".repeat(zeros)}${significant}`;
  return `0.0${subscript(zeros)}${significant}`;
}

/** The plain decimal of a price, for titles and screen readers. */
export function plainText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (value === 0) return "0";
  const decimals = Math.min(100, Math.max(2, 6 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(decimals).replace(/\.?0+$/, "");
}

/** A relative change as per cent with its sign. */
export function percentText(change: number | null): string {
  if (change === null || !Number.isFinite(change)) return UNKNOWN;
  const percent = change * 100;
  const size = Math.abs(percent);
  if (size >= 1e6) return `${percent < 0 ? "-" : "+"}>999K%`;
  const decimals = size >= 1000 ? 0 : size >= 100 ? 1 : 2;
  const text = grouped(size, decimals);
  const sign = /^[0.]+$/.test(text) ? "" : percent < 0 ? "-" : "+";
  return `${sign}${text}%`;
}

/** An amount in at most about seven characters; large ones in the words of the language (K, M; 万, 亿). */
export function amountText(value: number | null, locale: string): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 10_000) return compact(locale, 4).format(value);
  if (size >= 1000) return grouped(value, 0);
  if (size >= 1 || size === 0) return grouped(value, size >= 100 ? 1 : 2);
  return priceText(value, 4);
}

/** The same in three digits, for a narrow column. */
export function roughText(value: number | null, locale: string): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  return Math.abs(value) >= 1000 ? compact(locale, 3).format(value) : priceText(value, 4);
}

/** A whole number with separators. */
export function countText(value: number): string {
  return grouped(Math.round(value), 0);
}

/** A rate per second: one decimal while it is small. */
export function rateText(value: number): string {
  return value < 100 ? value.toFixed(1) : grouped(value, 0);
}

/** `DezX…B263`: the ends of an address, as people compare them. */
export function shortAddress(address: string): string {
  return address.length <= 10 ? address : `${address.slice(0, 4)}…${address.slice(-4)}`;
}

/** A price on an axis whose prices are about `reference`: all with the same number of decimals. */
export function axisText(value: number, reference: number): string {
  if (!(reference >= 1e-4)) return priceText(value, 6);
  return grouped(value, Math.max(2, 4 - Math.floor(Math.log10(reference))));
}

/** The greatest power of ten that steps of this price are counted in, for the price axis. */
export function priceBase(price: number): number {
  if (!(price > 0)) return 100;
  return 10 ** Math.max(2, 5 - Math.floor(Math.log10(price)));
}

function subscript(count: number): string {
  return [...String(count)].map((digit) => SUBSCRIPTS[Number(digit)] ?? "").join("");
}

function grouped(value: number, decimals: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

const formats = new Map<string, Intl.NumberFormat>();

function compact(locale: string, digits: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: digits });
  formats.set(key, format);
  return format;
}
