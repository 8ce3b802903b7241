import type { TlsOptions } from "../options.ts";

/** Kafka's names for what goes over a listener: plain or encrypted, with or without a login. */
export type SecurityProtocol = "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";

export interface ListenerOptions {
  /** What it is called in the settings that are told; its protocol where it is left out. */
  readonly name?: string;
  /** Needs the option `tls` for SSL and SASL_SSL, and `sasl` for SASL_PLAINTEXT and SASL_SSL. */
  readonly protocol: SecurityProtocol;
  readonly host?: string;
  /** 0 lets the system choose a free port. */
  readonly port?: number;
  /** What is told to clients of this listener, where that is something else. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** The certificate of this listener and whether it asks for those of clients, where it is not the broker's `tls`. */
  readonly tls?: TlsOptions;
}

export function isEncrypted(protocol: SecurityProtocol): boolean {
  return protocol === "SSL" || protocol === "SASL_SSL";
}

export function asksForLogin(protocol: SecurityProtocol): boolean {
  return protocol === "SASL_PLAINTEXT" || protocol === "SASL_SSL";
}
