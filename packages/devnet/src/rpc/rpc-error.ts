/** An error as JSON-RPC reports it. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }

  toJSON(): { code: number; message: string; data?: unknown } {
    return {
      code: this.code,
      message: this.message,
      ...(this.data === undefined ? {} : { data: this.data }),
    };
  }
}

/** The errors of a Solana node, by their numbers on the wire. */
export const RPC_ERRORS = {
  parse: () => new RpcError(-32700, "Parse error"),
  invalidRequest: () => new RpcError(-32600, "Invalid request"),
  internal: () => new RpcError(-32603, "Internal error"),
  methodNotFound: () => new RpcError(-32601, "Method not found"),
  invalidParams: (what: string) => new RpcError(-32602, what),
  cleanedUp: (slot: number, first: number) =>
    new RpcError(-32001, `Block ${slot} cleaned up, does not exist on node. First available block: ${first}`),
  notAvailable: (slot: number) => new RpcError(-32004, `Block not available for slot ${slot}`),
  skipped: (slot: number) =>
    new RpcError(-32007, `Slot ${slot} was skipped, or missing due to ledger jump to recent snapshot`),
  unsupportedVersion: (version: number) =>
    new RpcError(
      -32015,
      `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`,
    ),
} as const;
