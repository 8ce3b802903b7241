import { CandlewickError } from "@candlewick/runtime";
import { UserError } from "@platformatic/kafka";
import { KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";

/** TLS of a client. The server's certificate and name are always checked; there is no switch against it. */
export interface TlsSettings {
  /** Certificates (PEM) that are trusted in place of the system's. */
  readonly ca?: string | Buffer;
  /** The client's own certificate and key (PEM), where the broker wants one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
}

type Advice = (address: string) => readonly [what: string, advice: string];

const UNTRUSTED: Advice = (address) => [
  `The certificate of Kafka at ${address} is signed by nobody whom we trust`,
  "Name the file of its certificate authority in kafka.security.caFile.",
];
const EXPIRED: Advice = (address) => [
  `The certificate of Kafka at ${address} is not valid today`,
  "Have it renewed, and check this machine's clock.",
];
const OTHER_NAME: Advice = (address) => [
  `The certificate of Kafka at ${address} is for another name`,
  "Connect by a name that the certificate holds, or have the broker's certificate and advertised.listeners corrected.",
];
const NO_TLS: Advice = (address) => [
  `Kafka at ${address} does not speak TLS on that port`,
  "Use the port of its TLS listener, or turn kafka.security.tls off.",
];
const WANTS_CERTIFICATE: Advice = (address) => [
  `Kafka at ${address} wants a client certificate that it trusts`,
  "Name one in kafka.security.certFile and kafka.security.keyFile that is signed by an authority of the broker's trust store.",
];
const BAD_KEY: Advice = () => [
  "The client's certificate or key cannot be used",
  "Check kafka.security.certFile, keyFile and keyPassword: PEM files that belong together.",
];

/** The broker's alerts (RFC 8446, section 6.2) about our certificate; OpenSSL's names differ by version before them. */
const CERTIFICATE_ALERT =
  /_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** Codes of Node and OpenSSL, by what a person can do about them. */
const BY_CODE: Readonly<Record<string, Advice>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: EXPIRED,
  ERR_TLS_CERT_ALTNAME_INVALID: OTHER_NAME,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_BAD_DECRYPT: BAD_KEY,
  ERR_OSSL_BAD_DECRYPT: BAD_KEY,
  ERR_OSSL_PEM_BAD_PASSWORD_READ: BAD_KEY,
  ERR_OSSL_PEM_NO_START_LINE: BAD_KEY,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: BAD_KEY,
  ERR_OSSL_UNSUPPORTED: BAD_KEY,
};

/** The catalogue's error where TLS is why a connection failed; null where it is not. */
export function tlsFailure(error: unknown, address: string): CandlewickError | null {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 10;
    current = current.cause, depth++
  ) {
    const advice = adviceOf(current);
    if (advice === undefined) continue;
    const [what, todo] = advice(address);
    return new CandlewickError(KAFKA_ERRORS.tlsFailed, `${what} (${rootMessage(current)}).`, todo, {
      cause: error,
    });
  }
  return null;
}

const WANTS_TLS: Advice = (address) => [
  `Kafka at ${address} wants TLS`,
  "Turn kafka.security.tls on, or use the port of a listener without it.",
];

function adviceOf(error: Error): Advice | undefined {
  if (error instanceof UserError && error.message === "Broker requires TLS.") return WANTS_TLS;
  if (error instanceof UserError && error.message.startsWith("TLS handshake failed")) return NO_TLS;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return BY_CODE[code] ?? (CERTIFICATE_ALERT.test(code) ? WANTS_CERTIFICATE : undefined);
}
