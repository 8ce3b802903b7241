import { type Clock, systemClock } from "@candlewick/runtime";

/** A bearer token and when it ends. */
export interface AccessToken {
  readonly value: string;
  /** Milliseconds since the epoch; null where nobody tells. */
  readonly expiresAtMs: number | null;
}

/** Where tokens come from. */
export interface TokenSource {
  /** For error messages: "client credentials of https://...". */
  readonly name: string;
  /** A token that is good now. Throws KAFKA_TOKEN_UNAVAILABLE, or a user's error, where none can be had. */
  token(): Promise<string>;
  /** Says that the broker refused this token. True where another one may be had. */
  refused(value: string): boolean;
}

/** A token that never changes: for tests, and for tokens that somebody else renews. */
export function staticToken(value: string): TokenSource {
  return { name: "static token", token: async () => value, refused: () => false };
}

/** Of a token's life this share is used; the rest is for the clocks' difference and the way. */
const USED_SHARE = 0.8;
/** A token of unknown life is asked for anew after so long. */
const UNKNOWN_LIFE_MS = 60_000;

/** Keeps a token until it nears its end; those who ask at one time share one request. */
export function cachedToken(
  name: string,
  request: () => Promise<AccessToken>,
  clock: Clock = systemClock,
): TokenSource {
  let current: { readonly value: string; readonly renewAtMs: number } | null = null;
  let asking: Promise<string> | null = null;
  const ask = async (): Promise<string> => {
    const askedAtMs = clock.now();
    const { value, expiresAtMs } = await request();
    const lifeMs = expiresAtMs === null ? UNKNOWN_LIFE_MS : (expiresAtMs - askedAtMs) * USED_SHARE;
    current = { value, renewAtMs: askedAtMs + lifeMs };
    return value;
  };
  return {
    name,
    async token() {
      if (current !== null && clock.now() < current.renewAtMs) return current.value;
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    refused(value) {
      if (current?.value === value) current = null;
      return true;
    },
  };
}
