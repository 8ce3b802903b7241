import type { TokenSource } from "./token-source.ts";

/** A user with a password, as SASL/PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677) want it. */
export interface PasswordCredentials {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
}

/** A bearer token (RFC 7628, KIP-255). */
export interface TokenCredentials {
  readonly mechanism: "OAUTHBEARER";
  readonly token: TokenSource;
  /** SASL extensions (KIP-342), such as Confluent Cloud's logicalCluster and identityPoolId. */
  readonly extensions?: Readonly<Record<string, string>>;
}

/** How a client proves who it is. */
export type SaslCredentials = PasswordCredentials | TokenCredentials;
