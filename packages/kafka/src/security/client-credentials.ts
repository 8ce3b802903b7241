import { CandlewickError, type Clock, systemClock, z } from "@candlewick/runtime";
import { KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";
import { type AccessToken, cachedToken, type TokenSource } from "./token-source.ts";

/** An OAuth 2.0 client (RFC 6749, section 4.4), as Kafka's OIDC support (KIP-768) uses it. */
export interface ClientCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** Of one request; 10 s by default. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

const answerSchema = z.object({
  access_token: z.string().min(1),
  /** Seconds. */
  expires_in: z.number().positive().optional(),
});

const TIMEOUT_MS = 10_000;

/** Tokens that the identity provider gives to a client for its id and secret. */
export function clientCredentialsToken(credentials: ClientCredentials): TokenSource {
  const { tokenUrl, clock = systemClock } = credentials;
  const name = `client ${credentials.clientId} at ${new URL(tokenUrl).host}`;
  return cachedToken(name, () => requestToken(credentials, clock), clock);
}

async function requestToken(credentials: ClientCredentials, clock: Clock): Promise<AccessToken> {
  const { tokenUrl, clientId, clientSecret, scope, timeoutMs = TIMEOUT_MS } = credentials;
  const encoded = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== undefined) body.set("scope", scope);
  let response: Response;
  try {
    response = await fetch(tokenUrl, {
      method: "POST",
      headers: { authorization: `Basic ${encoded.toString("base64")}`, accept: "application/json" },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw unavailable(tokenUrl, rootMessage(cause), cause);
  }
  const text = await response.text();
  if (response.status === 400 || response.status === 401 || response.status === 403) {
    throw new CandlewickError(
      KAFKA_ERRORS.authenticationFailed,
      `${new URL(tokenUrl).host} gave the client ${clientId} no token (${errorOf(text, response.status)}).`,
      "Check the client's id, secret and scope in kafka.security.sasl.",
    );
  }
  if (!response.ok) throw unavailable(tokenUrl, `HTTP ${response.status}`);
  const answer = answerSchema.safeParse(parse(text));
  if (!answer.success) throw unavailable(tokenUrl, "the answer has no access_token");
  const { access_token: value, expires_in: seconds } = answer.data;
  return { value, expiresAtMs: seconds === undefined ? null : clock.now() + seconds * 1000 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What RFC 6749, section 5.2 lets a server say; nothing else of its answer is shown, lest it hold a secret. */
function errorOf(text: string, status: number): string {
  const answer = z
    .object({ error: z.string(), error_description: z.string().optional() })
    .safeParse(parse(text));
  if (!answer.success) return `HTTP ${status}`;
  const { error, error_description: description } = answer.data;
  return description === undefined ? error : `${error}: ${description}`;
}

function unavailable(tokenUrl: string, reason: string, cause?: unknown): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.tokenUnavailable,
    `No token could be had from ${new URL(tokenUrl).host} (${reason}).`,
    "Check kafka.security.sasl.tokenUrl and that the identity provider is up.",
    { cause },
  );
}
