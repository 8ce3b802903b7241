import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  UnsecuredJWT,
} from "jose";
import { BrokerError } from "../broker-error.ts";
import type { Clock } from "../clock.ts";
import { type BearerOptions, type TokenClaims, TokenRefused, type TokenValidator } from "./bearer-options.ts";

/** What signs a token; a secret that both sides share is no way for a broker that only checks. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const DEFAULT_SKEW_MS = 30_000;
const FETCH_TIMEOUT_MS = 10_000;

/** Throws a BrokerError where the options make no sense. */
export function tokenValidator(options: BearerOptions, clock: Clock): TokenValidator {
  switch (options.kind) {
    case "custom":
      return options.validate;
    case "unsecured":
      return async (token) => unsecured(token, options, clock);
    case "jwks": {
      const keys = keySource(options.url);
      return (token) => verified(token, keys, options, clock);
    }
  }
}

async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  options: Extract<BearerOptions, { kind: "jwks" }>,
  clock: Clock,
): Promise<TokenClaims> {
  const { audience, issuer, subClaim = "sub", clockSkewMs = DEFAULT_SKEW_MS } = options;
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ["exp", "iat", subClaim],
      ...(audience === undefined ? {} : { audience: [...audience] }),
      ...(issuer === undefined ? {} : { issuer }),
    });
    const { exp = 0, iat = 0, nbf = 0 } = payload;
    if (exp < iat || exp < nbf) throw new TokenRefused("the token ends before it begins");
    return claimsOf(payload, subClaim);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new TokenRefused(error.message);
    throw error;
  }
}

function claimsOf(payload: JWTPayload, subClaim: string): TokenClaims {
  const principal = payload[subClaim];
  if (typeof principal !== "string" || principal.trim() === "") {
    throw new TokenRefused(`the claim ${subClaim} names nobody`);
  }
  const { exp } = payload;
  return { principal, ...(exp === undefined ? {} : { expiresAtMs: exp * 1000 }) };
}

function unsecured(
  token: string,
  options: Extract<BearerOptions, { kind: "unsecured" }>,
  clock: Clock,
): TokenClaims {
  const { subClaim = "sub", scopeClaim = "scope", requiredScope = [], clockSkewMs = 0 } = options;
  let payload: JWTPayload;
  try {
    ({ payload } = UnsecuredJWT.decode(token, {
      currentDate: new Date(clock.nowMs()),
      clockTolerance: clockSkewMs / 1000,
    }));
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new TokenRefused(error.message);
    throw error;
  }
  if (typeof payload.exp !== "number") throw new TokenRefused("the token has no end");
  const given = payload[scopeClaim];
  const scopes = new Set(Array.isArray(given) ? given : [given]);
  if (!requiredScope.every((scope) => scopes.has(scope))) {
    throw new TokenRefused("the token has not the scope", requiredScope);
  }
  return claimsOf(payload, subClaim);
}

/** Keys from an address; those of a file are read again when it has changed. */
function keySource(address: string): JWTVerifyGetKey {
  const url = parsedUrl(address);
  if (url.protocol !== "file:") {
    return createRemoteJWKSet(url, { timeoutDuration: FETCH_TIMEOUT_MS });
  }
  const path = fileURLToPath(url);
  let readAtMs = Number.NaN;
  let keys = readKeys(path);
  return (header, token) => {
    const { mtimeMs } = statSync(path);
    if (mtimeMs !== readAtMs) {
      keys = readKeys(path);
      readAtMs = mtimeMs;
    }
    return keys(header, token);
  };
}

function parsedUrl(address: string): URL {
  const url = URL.parse(address);
  if (url !== null && ["https:", "http:", "file:"].includes(url.protocol)) return url;
  throw new BrokerError(
    "OPTION_INVALID",
    `The keys for OAUTHBEARER cannot be at "${address}"; write an https:, http: or file: address.`,
  );
}

function readKeys(path: string): ReturnType<typeof createLocalJWKSet> {
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(path, "utf8")) as JSONWebKeySet);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError(
      "OPTION_INVALID",
      `The keys for OAUTHBEARER cannot be read from ${path}: ${reason}; write a JSON Web Key Set there.`,
      error,
    );
  }
}
