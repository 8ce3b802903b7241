import { CandlewickError, type Clock, systemClock } from "@candlewick/runtime";
import { KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";
import { type AccessToken, cachedToken, type TokenSource } from "./token-source.ts";

/** What is asked of Google's library: an access token, its end and whose it is. */
export interface GoogleAccount {
  accessToken(): Promise<{ value: string; expiresAtMs: number; email: string }>;
}

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
/** Google's access tokens live for an hour; used where the library does not tell. */
const TOKEN_LIFE_MS = 3_600_000;

/**
 * Tokens for Google Cloud Managed Service for Apache Kafka out of application-default credentials: of the
 * environment's service account, of a key file or of `gcloud auth application-default login`.
 */
export function googleToken(
  account: GoogleAccount = defaultAccount(),
  clock: Clock = systemClock,
): TokenSource {
  return cachedToken("Google application-default credentials", () => requestToken(account, clock), clock);
}

async function requestToken(account: GoogleAccount, clock: Clock): Promise<AccessToken> {
  try {
    const token = await account.accessToken();
    return { value: googleKafkaToken(token, clock.now()), expiresAtMs: token.expiresAtMs };
  } catch (cause) {
    throw new CandlewickError(
      KAFKA_ERRORS.tokenUnavailable,
      `Google's application-default credentials gave no token (${rootMessage(cause)}).`,
      "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file.",
      { cause },
    );
  }
}

/**
 * The form in which Google's brokers want an access token: like a JWT, but with the token in the place of the
 * signature (github.com/googleapis/managedkafka, kafka-auth-local-server). Times are in seconds.
 */
export function googleKafkaToken(
  { value, expiresAtMs, email }: { value: string; expiresAtMs: number; email: string },
  nowMs: number,
): string {
  const claims = { exp: expiresAtMs / 1000, iss: "Google", iat: nowMs / 1000, scope: "kafka", sub: email };
  const parts = [JSON.stringify({ typ: "JWT", alg: "GOOG_OAUTH2_TOKEN" }), JSON.stringify(claims), value];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}

/** The library is large, and only who uses Google needs it. */
function defaultAccount(): GoogleAccount {
  const load = async () => {
    const { GoogleAuth, OAuth2Client } = await import("google-auth-library");
    return { auth: new GoogleAuth({ scopes: SCOPE }), OAuth2Client };
  };
  let loading: ReturnType<typeof load> | null = null;
  return {
    async accessToken() {
      loading ??= load();
      const { auth, OAuth2Client } = await loading;
      const client = await auth.getClient();
      const { token } = await client.getAccessToken();
      if (token === null || token === undefined) throw new Error("the credentials hold no access token");
      const expiresAtMs = client.credentials.expiry_date ?? Date.now() + TOKEN_LIFE_MS;
      const { client_email: account } = await auth.getCredentials();
      // A person's own login has no service account: Google tells whose token it is.
      const person = account === undefined && client instanceof OAuth2Client;
      const email = person ? (await client.getTokenInfo(token)).email : account;
      return { value: token, expiresAtMs, email: email ?? "" };
    },
  };
}
