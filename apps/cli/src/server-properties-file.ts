import { readFileSync } from "node:fs";
import { type BrokerOptions, parseServerProperties } from "@candlewick/broker";
import { CandlewickError, ERRORS, type Logger } from "@candlewick/runtime/process";
import { brokerFailure } from "./broker-failure.ts";

/** True for the name of a file in Kafka's own format, which is not ours. */
export function isServerProperties(file: string): boolean {
  return file.endsWith(".properties");
}

/**
 * Reads Kafka's server.properties; what the broker knows nothing of is named in one warning. Throws a
 * CandlewickError where the file cannot be read or a value makes no sense.
 */
export function readServerProperties(file: string, logger: Logger): BrokerOptions {
  try {
    const { options, unknown } = parseServerProperties(readFileSync(file, "utf8"));
    if (unknown.length > 0) logger.warn("properties without a meaning here", { file, names: unknown });
    return options;
  } catch (error) {
    if (error instanceof Error && "syscall" in error) {
      const advice = "Name a file that is there and may be read with --config";
      throw new CandlewickError(ERRORS.configuration, `cannot read ${file}`, advice, { cause: error });
    }
    throw brokerFailure(error);
  }
}
