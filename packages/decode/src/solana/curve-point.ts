/** The field of Curve25519, and the constant of its twisted Edwards form. */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * Whether 32 bytes are a point of the curve, so that a key pair may exist for them: Solana takes only other
 * addresses for programs. (y^2 - 1) / (d y^2 + 1) has to be a square, for which Euler's criterion is asked.
 */
export function isCurvePoint(bytes: Uint8Array): boolean {
  let y = 0n;
  for (let k = 31; k >= 0; k--) y = (y << 8n) | BigInt(bytes[k] ?? 0);
  // The highest bit is the sign of x.
  y &= (1n << 255n) - 1n;
  const square = (y * y) % P;
  const product = ((square + P - 1n) * ((D * square + 1n) % P)) % P;
  return product === 0n || power(product, (P - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [factor, rest] = [base, exponent]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}
