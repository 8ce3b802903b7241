/**
 * The float64 nearest to `numerator / denominator` (ties to even): one correctly rounded division.
 * Both are not negative, the denominator is not zero; throws a RangeError otherwise.
 */
export function divideToFloat(numerator: bigint, denominator: bigint): number {
  if (denominator <= 0n || numerator < 0n)
    throw new RangeError(`cannot divide ${numerator} by ${denominator}`);
  if (numerator === 0n) return 0;
  if (numerator <= MAX_SAFE && denominator <= MAX_SAFE) return Number(numerator) / Number(denominator);
  // At least 64 bits of quotient; a remainder goes into the lowest bit, so that Number() cannot see a false tie.
  const shift = Math.max(0, 65 - bitLength(numerator) + bitLength(denominator));
  const scaled = numerator << BigInt(shift);
  const quotient = scaled / denominator;
  const sticky = quotient * denominator === scaled ? quotient : quotient | 1n;
  return Number(sticky) * 2 ** -shift;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? "0", 16)) + 28;
}

/** 10^exponent as a bigint; exponent from 0 to 1000. */
export function powerOfTen(exponent: number): bigint {
  const known = POWERS[exponent];
  if (known !== undefined) return known;
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 1000) throw new RangeError(`10^${exponent}`);
  return 10n ** BigInt(exponent);
}

const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

/**
 * Reads a decimal number (`61837.63`, `-0.5`, `1e-7`) as an integer of 10^-scale units, exactly.
 * Throws a RangeError where the text is not a decimal number or has more digits than the scale holds.
 */
export function parseDecimal(text: string, scale: number): bigint {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  const digits = (match?.[2] ?? "") + (match?.[3] ?? "");
  if (match === null || digits === "") throw new RangeError(`"${text}" is not a decimal number`);
  const places = scale - (match[3] ?? "").length + Number(match[4] ?? 0);
  const unsigned = BigInt(digits);
  let value: bigint;
  if (places >= 0) value = unsigned * powerOfTen(places);
  else {
    const divisor = powerOfTen(-places);
    if (unsigned % divisor !== 0n) throw new RangeError(`"${text}" has more than ${scale} decimals`);
    value = unsigned / divisor;
  }
  return match[1] === "-" ? -value : value;
}

/** Writes an integer of 10^-scale units as a plain decimal without trailing zeros: `formatDecimal(1500n, 3)` is `1.5`. */
export function formatDecimal(units: bigint, scale: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return fraction === "" ? sign + whole : `${sign}${whole}.${fraction}`;
}
