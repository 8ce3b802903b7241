/** An option of a long run that makes no sense; the message is a sentence for whoever started it. */
export class OptionRefused extends Error {
  override readonly name = "OptionRefused";
}

/** The whole number that an option gives, from `least` on. Throws OptionRefused where it is something else. */
export function countOption(
  name: string,
  text: string | undefined,
  preset: number,
  least: 0 | 1 = 1,
): number {
  if (text === undefined) return preset;
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= least) return count;
  const kind = least === 0 ? "whole number from 0 on" : "positive whole number";
  throw new OptionRefused(`--${name} takes a ${kind}, not "${text}".`);
}
