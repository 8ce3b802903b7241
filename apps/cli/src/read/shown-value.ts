import type { Codec } from "@candlewick/kafka";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { jsonText } from "./record-line.ts";

/** A value as text: decoded where there is a codec; one that cannot be decoded is shown as what it is. */
export async function shownValue(
  topic: string,
  value: Buffer | null,
  codec: Codec | null,
): Promise<{ readonly shown: string; readonly isJson: boolean }> {
  if (value === null) return { shown: "null", isJson: true };
  if (codec === null) return { shown: value.toString("utf8"), isJson: false };
  try {
    return { shown: jsonText(await codec.decode(value, { topic, part: "value" })), isJson: true };
  } catch (error) {
    if (!(error instanceof CandlewickError && error.code === ERRORS.poison.code)) throw error;
    const undecoded = { undecodable: error.message, base64: value.toString("base64") };
    return { shown: JSON.stringify(undecoded), isJson: true };
  }
}
