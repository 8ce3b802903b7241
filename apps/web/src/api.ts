import type { CandleView, Currency, PairView } from "./wire.ts";

/** A request that failed, in the server's words where it has some. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly advice: string;
  /** The HTTP status; 0 where the server could not be reached. */
  readonly status: number;

  constructor(status: number, message: string, advice: string) {
    super(message);
    this.status = status;
    this.advice = advice;
  }
}

/** Pairs by volume, or those that match what is searched for. */
export async function fetchPairs(search: string, limit: number, signal: AbortSignal): Promise<PairView[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (search !== "") query.set("search", search);
  const body = await getJson<{ pairs: PairView[] }>(`/api/pairs?${query}`, signal);
  return body.pairs;
}

export function fetchPair(pair: string, signal: AbortSignal): Promise<PairView> {
  return getJson(`/api/pairs/${pair}`, signal);
}

/** Candles that opened before `toMs`, in order of time. */
export async function fetchCandles(
  query: { pair: string; interval: string; toMs: number; limit: number; currency: Currency },
  signal: AbortSignal,
): Promise<CandleView[]> {
  const { pair, interval, toMs, limit, currency } = query;
  const text = new URLSearchParams({ pair, interval, to: String(toMs), limit: String(limit), currency });
  const body = await getJson<{ candles: CandleView[] }>(`/api/candles?${text}`, signal);
  return body.candles;
}

async function getJson<Body>(path: string, signal: AbortSignal): Promise<Body> {
  const response = await fetch(path, { signal });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as Body;
  const { error } = (body ?? {}) as { error?: { message?: string; advice?: string } };
  throw new ApiError(response.status, error?.message ?? `HTTP ${response.status}`, error?.advice ?? "");
}
