import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const AUDIENCE = "kafka-clients";
export const ISSUER = "https://issuer.example";
const KEY_ID = "first";

let made: { readonly url: string; readonly key: KeyObject; readonly other: KeyObject } | undefined;

/** One pair of keys for this run, and one that nobody knows of; the public key is in a file. */
function keys(): NonNullable<typeof made> {
  if (made !== undefined) return made;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const folder = mkdtempSync(join(tmpdir(), "candlewick-keys-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "keys.json");
  const key = { ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" };
  writeFileSync(path, JSON.stringify({ keys: [key] }));
  made = { url: pathToFileURL(path).href, key: privateKey, other };
  return made;
}

/** Where the file with the keys is. */
export function keysUrl(): string {
  return keys().url;
}

export type Claims = Readonly<Record<string, unknown>>;

/** What a good token says, and what is said otherwise; undefined takes a claim out. */
function claims(changes: Claims): Claims {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: "alice",
    iss: ISSUER,
    aud: AUDIENCE,
    iat: now - 600,
    exp: now + 600,
    scope: "kafka",
    ...changes,
  };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token signed with RS256. */
export function signedToken(changes: Claims = {}, { isForged = false, kid = KEY_ID } = {}): string {
  const body = `${encoded({ alg: "RS256", kid })}.${encoded(claims(changes))}`;
  const { key, other } = keys();
  return `${body}.${sign("sha256", Buffer.from(body), isForged ? other : key).toString("base64url")}`;
}

/** A token that nobody has signed. */
export function unsecuredToken(changes: Claims = {}): string {
  return `${encoded({ alg: "none" })}.${encoded(claims(changes))}.`;
}
