import type { Credentials } from "./credentials.ts";
import { ScramExchange, ScramFailure, type ScramMechanism } from "./scram.ts";

export type SaslMechanism = "PLAIN" | ScramMechanism;

export interface SaslOptions {
  readonly mechanisms: readonly SaslMechanism[];
  /** User names and passwords, for PLAIN and SCRAM alike. */
  readonly users?: Readonly<Record<string, string>>;
}

type Phase =
  | { readonly kind: "open" }
  | { readonly kind: "expects-handshake" }
  | { readonly kind: "expects-token"; readonly mechanism: SaslMechanism }
  | { readonly kind: "expects-proof"; readonly exchange: ScramExchange }
  | { readonly kind: "failed" };

export type AuthenticationStep =
  | { readonly kind: "go-on"; readonly token: Buffer }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "out-of-order" };

/** What a connection may ask before it has said who it is: ApiVersions and the two SASL APIs. */
const BEFORE_AUTHENTICATION: ReadonlySet<number> = new Set([17, 18, 36]);

/** How far one connection has come in proving who is at its other end. */
export class Authentication {
  readonly #sasl: SaslOptions | undefined;
  readonly #credentials: Credentials;
  #phase: Phase;
  #takesBareTokens = false;
  user = "ANONYMOUS";

  constructor(sasl: SaslOptions | undefined, credentials: Credentials) {
    this.#sasl = sasl;
    this.#credentials = credentials;
    this.#phase = { kind: sasl === undefined ? "open" : "expects-handshake" };
  }

  get mechanisms(): readonly SaslMechanism[] {
    return this.#sasl?.mechanisms ?? [];
  }

  /** True once the client has proven who it is, or where nobody asks. */
  get isDone(): boolean {
    return this.#phase.kind === "open";
  }

  allows(apiKey: number): boolean {
    return this.isDone || BEFORE_AUTHENTICATION.has(apiKey);
  }

  /** True while the next message is a token by itself, not a request. */
  get expectsBareToken(): boolean {
    const { kind } = this.#phase;
    return this.#takesBareTokens && (kind === "expects-token" || kind === "expects-proof");
  }

  /** Chooses a mechanism, and how its tokens will come. False where it is not offered; undefined where there is nothing to choose. */
  handshake(mechanism: string, takesBareTokens: boolean): boolean | undefined {
    if (this.#phase.kind !== "expects-handshake") return undefined;
    const offered = this.mechanisms.find((name) => name === mechanism);
    if (offered === undefined) return false;
    this.#phase = { kind: "expects-token", mechanism: offered };
    this.#takesBareTokens = takesBareTokens;
    return true;
  }

  /** Takes the client's next token. After a failure the connection is of no use any more. */
  step(token: Buffer): AuthenticationStep {
    const phase = this.#phase;
    switch (phase.kind) {
      case "expects-token":
        return phase.mechanism === "PLAIN" ? this.#plain(token) : this.#scramFirst(token, phase.mechanism);
      case "expects-proof":
        return this.#scramFinal(token, phase.exchange);
      case "open":
      case "expects-handshake":
      case "failed":
        return { kind: "out-of-order" };
    }
  }

  #plain(token: Buffer): AuthenticationStep {
    const [authorizationId = "", user = "", password = "", ...rest] = token.toString("utf8").split("\0");
    const isForSelf = authorizationId === "" || authorizationId === user;
    if (rest.length > 0 || !isForSelf || !this.#credentials.passwordHolds(user, password)) {
      return this.#fail("invalid user or password");
    }
    this.user = user;
    this.#phase = { kind: "open" };
    return { kind: "go-on", token: Buffer.alloc(0) };
  }

  #scramFirst(token: Buffer, mechanism: ScramMechanism): AuthenticationStep {
    const exchange = new ScramExchange(mechanism);
    try {
      const answer = exchange.first(token, (user) => this.#credentials.scram(user, mechanism));
      this.#phase = { kind: "expects-proof", exchange };
      return { kind: "go-on", token: answer };
    } catch (error) {
      if (error instanceof ScramFailure) return this.#fail(error.message);
      throw error;
    }
  }

  #scramFinal(token: Buffer, exchange: ScramExchange): AuthenticationStep {
    try {
      const answer = exchange.final(token);
      this.user = exchange.user;
      this.#phase = { kind: "open" };
      return { kind: "go-on", token: answer };
    } catch (error) {
      if (error instanceof ScramFailure) return this.#fail(error.message);
      throw error;
    }
  }

  #fail(reason: string): AuthenticationStep {
    this.#phase = { kind: "failed" };
    return { kind: "failed", reason };
  }
}
