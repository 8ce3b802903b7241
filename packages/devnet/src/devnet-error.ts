/** What can go wrong with the simulated node. */
export type DevnetErrorCode =
  | "INVALID_OPTION"
  | "PORT_IN_USE"
  | "LISTEN_FAILED"
  | "GENESIS_UNREADABLE"
  | "GENESIS_MISMATCH"
  | "NO_BLOCK";

/** A failure of the simulated node: one sentence that says what happened and what to do. */
export class DevnetError extends Error {
  override readonly name = "DevnetError";
  readonly code: DevnetErrorCode;

  constructor(code: DevnetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
