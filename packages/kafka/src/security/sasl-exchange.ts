import { CandlewickError } from "@candlewick/runtime";
import {
  AuthenticationError,
  type Connection,
  ResponseError,
  type SASLOptions,
  type saslAuthenticateV2,
  saslScramSha,
} from "@platformatic/kafka";
import { KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";
import type { PasswordCredentials, SaslCredentials, TokenCredentials } from "./sasl-credentials.ts";

type SaslAuthenticate = saslAuthenticateV2.SASLAuthenticationAPI;
type SaslAnswer = saslAuthenticateV2.SaslAuthenticateResponse;

/**
 * The driver's options for these credentials. `onSession` hears how long the broker lets the connection live
 * before it must be renewed (KIP-368), in milliseconds; 0 is for ever. The driver would authenticate again on
 * the same connection, in the midst of other requests, which brokers answer by closing it: so it is not told.
 */
export function saslOptions(
  credentials: SaslCredentials,
  address: string,
  onSession: (lifetimeMs: number) => void,
): SASLOptions {
  return {
    mechanism: credentials.mechanism,
    authenticate(_mechanism, link, api, _username, _password, _token, callback) {
      exchange(credentials, address, link, api).then(
        (answer) => {
          onSession(Number(answer.sessionLifetimeMs));
          process.nextTick(callback, null, { ...answer, sessionLifetimeMs: 0n });
        },
        (error: Error) => process.nextTick(callback, error),
      );
    },
  };
}

function exchange(
  credentials: SaslCredentials,
  address: string,
  link: Connection,
  api: SaslAuthenticate,
): Promise<SaslAnswer> {
  switch (credentials.mechanism) {
    case "PLAIN":
      return plain(credentials, address, link, api);
    case "SCRAM-SHA-256":
    case "SCRAM-SHA-512":
      return scram(credentials, address, link, api);
    case "OAUTHBEARER":
      return bearer(credentials, address, link, api);
  }
}

async function plain(
  { username, password }: PasswordCredentials,
  address: string,
  link: Connection,
  api: SaslAuthenticate,
): Promise<SaslAnswer> {
  try {
    return await api.async(link, Buffer.from(`\0${username}\0${password}`));
  } catch (error) {
    throw passwordRefused(username, address, error);
  }
}

async function scram(
  { mechanism, username, password }: PasswordCredentials,
  address: string,
  link: Connection,
  api: SaslAuthenticate,
): Promise<SaslAnswer> {
  const algorithm = mechanism === "SCRAM-SHA-512" ? "SHA-512" : "SHA-256";
  try {
    return await saslScramSha.authenticate(api, link, algorithm, username, password);
  } catch (error) {
    throw passwordRefused(username, address, error);
  }
}

/** The client's first and only message of RFC 7628; a server that refuses tells why and wants 0x01 in turn. */
async function bearer(
  { token: source, extensions = {} }: TokenCredentials,
  address: string,
  link: Connection,
  api: SaslAuthenticate,
): Promise<SaslAnswer> {
  const token = await source.token();
  const extra = Object.entries(extensions).map(([name, value]) => `${name}=${value}\x01`);
  let reason: string;
  try {
    const answer = await api.async(link, Buffer.from(`n,,\x01auth=Bearer ${token}\x01${extra.join("")}\x01`));
    if (answer.authBytes === null || answer.authBytes.length === 0) return answer;
    reason = answer.authBytes.toString("utf8");
    await api.async(link, Buffer.from([1]));
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    reason = brokerWords(error);
  }
  throw new TokenRefused(
    address,
    source.name,
    reason,
    // Another token may be good where this one came to its end.
    source.refused(token),
  );
}

/** The broker did not take a token. */
export class TokenRefused extends CandlewickError {
  /** Whether the source may give another one. */
  readonly mayRenew: boolean;

  constructor(address: string, source: string, reason: string, mayRenew: boolean) {
    super(
      KAFKA_ERRORS.authenticationFailed,
      `Kafka at ${address} refused the token (${source}): ${reason}.`,
      "Check that the token has not expired and that its issuer, audience and scope are what the broker expects.",
    );
    this.mayRenew = mayRenew;
  }
}

function passwordRefused(username: string, address: string, error: unknown): unknown {
  const refused = error instanceof ResponseError || error instanceof AuthenticationError;
  if (!refused) return error;
  return new CandlewickError(
    KAFKA_ERRORS.authenticationFailed,
    `Kafka at ${address} refused the user ${username} (${brokerWords(error)}).`,
    "Check the user name, the password and the mechanism in kafka.security.sasl.",
    { cause: error },
  );
}

/** What the broker said about it, else what the driver says. */
function brokerWords(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 10; depth++) {
    if (current instanceof ResponseError) {
      const [first] = current.errors;
      const words: unknown = first?.serverErrorMessage;
      return typeof words === "string" && words !== "" ? words : (first?.message ?? current.message);
    }
    if (!(current instanceof Error) || current.cause === undefined) break;
    current = current.cause;
  }
  return rootMessage(error);
}

/** Where the broker knows not the mechanism: those that it offers. */
export function mechanismRefused(error: unknown, mechanism: string, address: string): CandlewickError | null {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 10;
    current = current.cause, depth++
  ) {
    if (!(current instanceof ResponseError)) continue;
    const response: unknown = current.response;
    if (typeof response !== "object" || response === null || !("mechanisms" in response)) return null;
    const { mechanisms } = response;
    const offered = Array.isArray(mechanisms) && mechanisms.length > 0 ? mechanisms.join(", ") : "none";
    return new CandlewickError(
      KAFKA_ERRORS.authenticationFailed,
      `Kafka at ${address} does not offer ${mechanism}; it offers ${offered}.`,
      "Set kafka.security.sasl.mechanism to one of those, or use the port of another listener.",
      { cause: error },
    );
  }
  return null;
}
