export type BrokerErrorCode =
  | "DATA_DIR_LOCKED"
  | "DATA_DIR_UNWRITABLE"
  | "DATA_DIR_FOREIGN"
  | "DATA_DIR_CORRUPT"
  | "DISK_FULL"
  | "PORT_IN_USE"
  | "ADDRESS_UNAVAILABLE"
  | "OPTION_INVALID";

/** Why a broker could not start. The message is one sentence for a person, with what to do. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The `code` of a Node system error such as ENOENT, or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}
