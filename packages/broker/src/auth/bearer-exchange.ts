import { MalformedMessage } from "../protocol/reader.ts";
import { type TokenClaims, TokenRefused, type TokenValidator } from "./bearer-options.ts";

/** Between the parts of a message of RFC 7628, section 3.1. */
const SEPARATOR = "\x01";
const HEADER = /^n,(?:a=([^,]*))?,$/;
const PAIR = /^[A-Za-z]+=.*$/s;
const BEARER = /^bearer +([-._~+/A-Za-z0-9]+=*) *$/i;
/** What a client answers to an error, so that the server may end the exchange. */
const ACKNOWLEDGEMENT = SEPARATOR;

export type BearerStep =
  | { readonly kind: "good"; readonly claims: TokenClaims }
  /** The error, which the client must acknowledge before the attempt has failed. */
  | { readonly kind: "refused"; readonly answer: Buffer; readonly reason: string }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Takes the client's first message: the token, and perhaps for whom it logs in. Rejects with MalformedMessage
 * where the connection is to end without an answer.
 */
export async function takeBearerToken(message: Buffer, validate: TokenValidator): Promise<BearerStep> {
  const [header = "", ...rest] = message.toString("utf8").split(SEPARATOR);
  const match = HEADER.exec(header);
  const pairs = rest.slice(0, -2);
  // The last pair and the message each end with a separator.
  const isComplete = rest.length > 2 && rest.slice(-2).every((part) => part === "");
  if (match === null || !isComplete || !pairs.every((pair) => PAIR.test(pair))) {
    return { kind: "malformed", reason: "malformed first message" };
  }
  const authorizationId = match[1] ?? "";
  const [auth, another] = pairs.filter((pair) => pair.toLowerCase().startsWith("auth="));
  if (auth === undefined || another !== undefined) return { kind: "malformed", reason: "no one token" };
  const token = BEARER.exec(auth.slice("auth=".length))?.[1];
  // Apache Kafka gives no answer at all to this.
  if (token === undefined) throw new MalformedMessage("a login by something else than a bearer token");
  try {
    const claims = await validate(token);
    if (authorizationId !== "" && authorizationId !== claims.principal) {
      return { kind: "malformed", reason: "the token is somebody else's" };
    }
    return { kind: "good", claims };
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    return { kind: "refused", answer: Buffer.from(errorText(error)), reason: error.message };
  }
}

/** The error as RFC 7628 has it, its scope written as Apache Kafka writes it. */
function errorText({ missingScope }: TokenRefused): string {
  if (missingScope.length === 0) return '{"status":"invalid_token"}';
  const scope = JSON.stringify(`[${missingScope.join(", ")}]`);
  return `{"status":"insufficient_scope", "scope":${scope}}`;
}

export function isAcknowledgement(message: Buffer): boolean {
  return message.toString("latin1") === ACKNOWLEDGEMENT;
}
