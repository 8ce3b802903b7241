import type { Clock } from "../clock.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import { isAcknowledgement, takeBearerToken } from "./bearer-exchange.ts";
import type { BearerOptions, TokenValidator } from "./bearer-options.ts";
import type { Credentials } from "./credentials.ts";
import { ScramExchange, ScramFailure, type ScramMechanism } from "./scram.ts";

export type SaslMechanism = "PLAIN" | "OAUTHBEARER" | ScramMechanism;

export interface SaslOptions {
  readonly mechanisms: readonly SaslMechanism[];
  /** User names and passwords, for PLAIN and SCRAM alike. */
  readonly users?: Readonly<Record<string, string>>;
  /** How the tokens of OAUTHBEARER are judged. */
  readonly oauthbearer?: BearerOptions;
  /** How long a login is good; then the client must log in again, which it may on the same connection. */
  readonly maxReauthMs?: number;
}

type Phase =
  | { readonly kind: "open" }
  | { readonly kind: "expects-handshake" }
  | { readonly kind: "expects-token"; readonly mechanism: SaslMechanism }
  | { readonly kind: "expects-proof"; readonly exchange: ScramExchange }
  /** A token is being looked at. */
  | { readonly kind: "busy" }
  | { readonly kind: "expects-acknowledgement"; readonly reason: string; readonly answer: string }
  | { readonly kind: "failed" };

export type AuthenticationStep =
  | {
      readonly kind: "go-on";
      readonly token: Buffer;
      /** How long the login is good, where it is over with this step; 0 stands for ever. */
      readonly sessionLifetimeMs: number;
    }
  /** The reason is for the log; a client is told no more than `told`, if anything. */
  | { readonly kind: "failed"; readonly reason: string; readonly told?: string }
  | { readonly kind: "out-of-order" };

interface Login {
  readonly mechanism: SaslMechanism;
  readonly user: string;
  /** By the broker's clock; Infinity where it does not end. */
  readonly endsAtMs: number;
}

export interface AuthenticationPorts {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly validateToken: TokenValidator | undefined;
}

/** What a connection may ask before it has said who it is: ApiVersions and the two SASL APIs. */
const BEFORE_AUTHENTICATION: ReadonlySet<number> = new Set([17, 18, 36]);
const NOTHING = Buffer.alloc(0);

/** How far one connection has come in proving who is at its other end. */
export class Authentication {
  readonly #sasl: SaslOptions | undefined;
  readonly #ports: AuthenticationPorts;
  #phase: Phase;
  #takesBareTokens = false;
  #login: Login | undefined;
  user = "ANONYMOUS";

  /** Where nobody asks for a login, a client is who its certificate says, if it has shown one. */
  constructor(sasl: SaslOptions | undefined, ports: AuthenticationPorts, certifiedName?: string) {
    this.#sasl = sasl;
    this.#ports = ports;
    this.#phase = { kind: sasl === undefined ? "open" : "expects-handshake" };
    if (sasl === undefined && certifiedName !== undefined) this.user = certifiedName;
  }

  get mechanisms(): readonly SaslMechanism[] {
    return this.#sasl?.mechanisms ?? [];
  }

  /** True once the client has proven who it is, or where nobody asks. */
  get isDone(): boolean {
    return this.#phase.kind === "open";
  }

  /** Whether a request may be served: after the login, and as long as the login is good. */
  allows(apiKey: number): boolean {
    if (BEFORE_AUTHENTICATION.has(apiKey)) return true;
    const { endsAtMs = Number.POSITIVE_INFINITY } = this.#login ?? {};
    return this.isDone && this.#ports.clock.nowMs() < endsAtMs;
  }

  /** True while the next message is a token by itself, not a request. */
  get expectsBareToken(): boolean {
    const { kind } = this.#phase;
    return (
      this.#takesBareTokens &&
      (kind === "expects-token" || kind === "expects-proof" || kind === "expects-acknowledgement")
    );
  }

  /**
   * Chooses a mechanism, and how its tokens will come. False where it is not offered; undefined where there is
   * nothing to choose: a login that has no end is not repeated, and a connection stays with its mechanism.
   */
  handshake(mechanism: string, takesBareTokens: boolean): boolean | undefined {
    const isAgain = this.#phase.kind === "open" && Number.isFinite(this.#login?.endsAtMs);
    if (this.#phase.kind !== "expects-handshake" && !isAgain) return undefined;
    const offered = this.mechanisms.find((name) => name === mechanism);
    if (isAgain && offered === undefined) throw new MalformedMessage("a login again by an unknown mechanism");
    if (isAgain && offered !== this.#login?.mechanism) return undefined;
    if (offered === undefined) return false;
    this.#phase = { kind: "expects-token", mechanism: offered };
    this.#takesBareTokens = takesBareTokens;
    return true;
  }

  /** Takes the client's next token. After a failure the connection is of no use any more. */
  async step(token: Buffer): Promise<AuthenticationStep> {
    const phase = this.#phase;
    switch (phase.kind) {
      case "expects-token":
        return this.#first(token, phase.mechanism);
      case "expects-proof":
        return this.#scramFinal(token, phase.exchange);
      case "expects-acknowledgement":
        // Whoever does not acknowledge the error may try another token, as in Kafka.
        return isAcknowledgement(token)
          ? { ...this.#fail(phase.reason), told: phase.answer }
          : this.#bearer(token);
      case "open":
      case "busy":
      case "expects-handshake":
      case "failed":
        return { kind: "out-of-order" };
    }
  }

  #first(token: Buffer, mechanism: SaslMechanism): AuthenticationStep | Promise<AuthenticationStep> {
    switch (mechanism) {
      case "PLAIN":
        return this.#plain(token);
      case "OAUTHBEARER":
        return this.#bearer(token);
      case "SCRAM-SHA-256":
      case "SCRAM-SHA-512":
        return this.#scramFirst(token, mechanism);
    }
  }

  #plain(token: Buffer): AuthenticationStep {
    const [authorizationId = "", user = "", password = "", ...rest] = token.toString("utf8").split("\0");
    const isForSelf = authorizationId === "" || authorizationId === user;
    if (rest.length > 0 || !isForSelf || !this.#ports.credentials.passwordHolds(user, password)) {
      return this.#fail("invalid user or password");
    }
    return this.#succeed("PLAIN", user, NOTHING);
  }

  async #bearer(token: Buffer): Promise<AuthenticationStep> {
    const validate = this.#ports.validateToken;
    if (validate === undefined) return this.#fail("there is nothing to judge tokens by");
    this.#phase = { kind: "busy" };
    try {
      const step = await takeBearerToken(token, validate);
      switch (step.kind) {
        case "malformed":
          return this.#fail(step.reason);
        case "refused":
          this.#phase = { kind: "expects-acknowledgement", reason: step.reason, answer: String(step.answer) };
          return { kind: "go-on", token: step.answer, sessionLifetimeMs: 0 };
        case "good":
          return this.#succeed("OAUTHBEARER", step.claims.principal, NOTHING, step.claims.expiresAtMs);
      }
    } catch (error) {
      if (error instanceof MalformedMessage) throw error;
      // Such as keys that cannot be had just now: nobody is let in on a guess.
      return this.#fail(
        `the token cannot be judged: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #scramFirst(token: Buffer, mechanism: ScramMechanism): AuthenticationStep {
    const exchange = new ScramExchange(mechanism);
    try {
      const answer = exchange.first(token, (user) => this.#ports.credentials.scram(user, mechanism));
      this.#phase = { kind: "expects-proof", exchange };
      return { kind: "go-on", token: answer, sessionLifetimeMs: 0 };
    } catch (error) {
      if (error instanceof ScramFailure) return this.#fail(error.message);
      throw error;
    }
  }

  #scramFinal(token: Buffer, exchange: ScramExchange): AuthenticationStep {
    try {
      return this.#succeed(exchange.mechanism, exchange.user, exchange.final(token));
    } catch (error) {
      if (error instanceof ScramFailure) return this.#fail(error.message);
      throw error;
    }
  }

  #succeed(
    mechanism: SaslMechanism,
    user: string,
    token: Buffer,
    expiresAtMs = Number.POSITIVE_INFINITY,
  ): AuthenticationStep {
    const before = this.#login;
    if (before !== undefined && (before.user !== user || before.mechanism !== mechanism)) {
      return this.#fail("a connection stays with its user and mechanism");
    }
    const nowMs = this.#ports.clock.nowMs();
    const { maxReauthMs = 0 } = this.#sasl ?? {};
    const limitMs = maxReauthMs > 0 ? maxReauthMs : Number.POSITIVE_INFINITY;
    const lifetimeMs = Math.max(0, Math.min(expiresAtMs - nowMs, limitMs));
    this.user = user;
    this.#login = { mechanism, user, endsAtMs: nowMs + lifetimeMs };
    this.#phase = { kind: "open" };
    return { kind: "go-on", token, sessionLifetimeMs: Number.isFinite(lifetimeMs) ? lifetimeMs : 0 };
  }

  #fail(reason: string) {
    this.#phase = { kind: "failed" };
    return { kind: "failed", reason } as const;
  }
}
