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
