import type { Settings } from "../options.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { CorruptBatch } from "../storage/segment.ts";

/** Logs a failed disk access, which a person must see, and returns the code to answer with. */
export function storageErrorCode(
  error: unknown,
  settings: Settings,
  where: Readonly<Record<string, unknown>>,
): ErrorCode {
  const reason = error instanceof Error ? error.message : String(error);
  settings.log({ level: "error", msg: "log cannot be read or written", reason, ...where });
  return error instanceof CorruptBatch ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR;
}

/**
 * The code that an attempt comes to; where the disk refuses it, one that a client may try again after. A coordinator
 * says that it is not available then, as Apache Kafka's do.
 */
export async function storageOutcome(
  settings: Settings,
  where: Readonly<Record<string, unknown>>,
  attempt: () => ErrorCode | Promise<ErrorCode>,
  part: "log" | "coordinator" = "log",
): Promise<ErrorCode> {
  try {
    return await attempt();
  } catch (error) {
    const errorCode = storageErrorCode(error, settings, where);
    return part === "coordinator" ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCode;
  }
}
