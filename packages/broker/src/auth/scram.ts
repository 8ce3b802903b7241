import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** The broker's side of SCRAM (RFC 5802) for SHA-256 and SHA-512; channel binding is not offered. */
export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-512";

export interface ScramCredential {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export const MIN_ITERATIONS = 4096;
export const MAX_ITERATIONS = 16_384;
const HASHES = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512" } as const;
const KEY_BYTES = { "SCRAM-SHA-256": 32, "SCRAM-SHA-512": 64 } as const;
const NONCE_BYTES = 24;

/** Why an attempt failed; the text is for the log, clients are told only that it failed. */
export class ScramFailure extends Error {
  override readonly name = "ScramFailure";
}

/** What is kept of a password: enough to check it, not to use it elsewhere. */
export function credentialFor(mechanism: ScramMechanism, password: string): ScramCredential {
  const salt = randomBytes(NONCE_BYTES);
  const hash = HASHES[mechanism];
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, MIN_ITERATIONS, KEY_BYTES[mechanism], hash);
  return credentialFromSalted(mechanism, salted, salt, MIN_ITERATIONS);
}

export function credentialFromSalted(
  mechanism: ScramMechanism,
  saltedPassword: Buffer,
  salt: Buffer,
  iterations: number,
): ScramCredential {
  const hash = HASHES[mechanism];
  const clientKey = createHmac(hash, saltedPassword).update("Client Key").digest();
  const storedKey = createHash(hash).update(clientKey).digest();
  const serverKey = createHmac(hash, saltedPassword).update("Server Key").digest();
  return { salt, iterations, storedKey, serverKey };
}

/** One exchange: `first` answers the client's first message, `final` its second. */
export class ScramExchange {
  readonly mechanism: ScramMechanism;
  #clientFirstBare = "";
  #serverFirst = "";
  #nonce = "";
  #credential: ScramCredential | undefined;
  user = "";

  constructor(mechanism: ScramMechanism) {
    this.mechanism = mechanism;
  }

  first(message: Buffer, lookUp: (user: string) => ScramCredential | undefined): Buffer {
    const match = /^(n|y),(?:a=[^,]*)?,(n=([^,]+),r=([^,]+).*)$/s.exec(message.toString("utf8"));
    const [, , bare = "", user = "", clientNonce = ""] = match ?? [];
    if (match === null) throw new ScramFailure("malformed first message");
    this.user = user.replaceAll("=2C", ",").replaceAll("=3D", "=");
    this.#clientFirstBare = bare;
    this.#credential = lookUp(this.user);
    // An unknown user goes on with made-up values, so that nobody can find out who exists.
    const { salt, iterations } = this.#credential ?? {
      salt: randomBytes(NONCE_BYTES),
      iterations: MIN_ITERATIONS,
    };
    this.#nonce = clientNonce + randomBytes(NONCE_BYTES).toString("base64url");
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString("base64")},i=${iterations}`;
    return Buffer.from(this.#serverFirst);
  }

  final(message: Buffer): Buffer {
    const match = /^(c=([^,]+),r=([^,]+).*),p=([^,]+)$/s.exec(message.toString("utf8"));
    const [, withoutProof = "", binding = "", nonce = "", proof = ""] = match ?? [];
    // Clients built on librdkafka before 2.6.1 put their own nonce before the joint one a second time; Apache
    // Kafka lets them, and the proof covers the text as it was sent.
    if (match === null || !nonce.endsWith(this.#nonce)) throw new ScramFailure("malformed final message");
    if (!/^(n|y),/.test(Buffer.from(binding, "base64").toString())) throw new ScramFailure("channel binding");
    const credential = this.#credential;
    if (credential === undefined) throw new ScramFailure("unknown user");
    const hash = HASHES[this.mechanism];
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const signature = createHmac(hash, credential.storedKey).update(authMessage).digest();
    const given = Buffer.from(proof, "base64");
    if (given.length !== signature.length) throw new ScramFailure("proof of a wrong length");
    const clientKey = signature.map((byte, index) => byte ^ (given[index] ?? 0));
    const storedKey = createHash(hash).update(clientKey).digest();
    if (!timingSafeEqual(storedKey, credential.storedKey)) throw new ScramFailure("wrong password");
    const verifier = createHmac(hash, credential.serverKey).update(authMessage).digest("base64");
    return Buffer.from(`v=${verifier}`);
  }
}
