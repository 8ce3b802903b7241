import type { PriceChange } from "@candlewick/contracts";
import { bucketOpenMs, type FillRule, type Interval, type OpenRule } from "@candlewick/domain";
import type { FastifyInstance, FastifyReply } from "fastify";
import { type Currency, candleViews } from "./candle-view.ts";
import { HttpProblem } from "./http-error.ts";
import { PAIR_SORTS, type PairSort, sortedPairs, withLivePrice } from "./pair-order.ts";
import type { MarketReads, TradeCursor } from "./ports.ts";
import { isAddress } from "./protocol.ts";
import type { ServeStatus } from "./status-board.ts";
import { parseTimeMs } from "./time-text.ts";
import { tradeOrder } from "./trade-order.ts";

/** What the routes need. */
export interface ApiParts {
  readonly reads: MarketReads;
  readonly intervals: readonly Interval[];
  readonly now: () => number;
  /** The last live price of a pair, fresher than the store's. */
  price(pair: string): PriceChange | undefined;
  status(): Promise<ServeStatus>;
}

export const MAX_PAIRS = 1000;
export const MAX_CANDLES = 5000;
export const MAX_TRADES = 1000;

/** Candles that closed so long ago seldom change: a copy of them may be kept for a minute. */
const SETTLED_MS = 3_600_000;

/** Registers the routes of the HTTP interface. */
export function registerApi(app: FastifyInstance, parts: ApiParts): void {
  pairRoutes(app, parts);
  candleRoute(app, parts);
  tradeRoute(app, parts);
  app.get("/api/status", async (_request, reply) => fresh(reply).send(await parts.status()));
}

function pairRoutes(app: FastifyInstance, { reads, price }: ApiParts): void {
  app.get<{ Querystring: { search?: string; sort: PairSort; limit: number } }>(
    "/api/pairs",
    {
      schema: {
        querystring: parameters({
          search: { type: "string", maxLength: 100 },
          sort: { type: "string", enum: PAIR_SORTS, default: "volume" },
          limit: { type: "integer", minimum: 1, maximum: MAX_PAIRS, default: 100 },
        }),
      },
    },
    async (request, reply) => {
      const { sort, limit } = request.query;
      const search = request.query.search?.trim() ?? "";
      const pairs = await sortedPairs(reads, price, { search: search === "" ? null : search, sort, limit });
      return fresh(reply).send({ pairs });
    },
  );
  app.get<{ Params: { pair: string } }>("/api/pairs/:pair", async (request, reply) => {
    const address = pairAddress(request.params.pair);
    const pair = await reads.pair(address);
    if (pair === null) throw unknownPair(address);
    return fresh(reply).send(withLivePrice(pair, price(address)));
  });
}

interface CandleParameters {
  pair: string;
  interval: string;
  from?: string;
  to?: string;
  limit: number;
  currency: Currency;
  fill: FillRule;
  open: OpenRule;
}

function candleRoute(app: FastifyInstance, parts: ApiParts): void {
  app.get<{ Querystring: CandleParameters }>(
    "/api/candles",
    {
      schema: {
        querystring: parameters(
          {
            pair: { type: "string", maxLength: 100 },
            interval: { type: "string", enum: parts.intervals.map(({ name }) => name) },
            from: { type: "string", maxLength: 40 },
            to: { type: "string", maxLength: 40 },
            limit: { type: "integer", minimum: 1, maximum: MAX_CANDLES, default: 500 },
            currency: { type: "string", enum: ["usd", "base"], default: "usd" },
            fill: { type: "string", enum: ["none", "flat"], default: "none" },
            open: { type: "string", enum: ["first-trade", "previous-close"], default: "first-trade" },
          },
          ["pair", "interval"],
        ),
      },
    },
    async (request, reply) => {
      const body = await readCandles(request.query, parts);
      const settled = body.to !== null && body.to < parts.now() - SETTLED_MS && body.candles.length > 0;
      if (settled) reply.header("cache-control", "public, max-age=60");
      else fresh(reply);
      return reply.send(body);
    },
  );
}

async function readCandles(query: CandleParameters, { reads, intervals }: ApiParts) {
  const pair = pairAddress(query.pair);
  const interval = intervals.find(({ name }) => name === query.interval);
  if (interval === undefined) throw new RangeError(`no interval ${query.interval}`);
  const fromMs = timeParameter("from", query.from);
  const toMs = timeParameter("to", query.to);
  if (fromMs !== null && toMs !== null && fromMs >= toMs) {
    throw new HttpProblem(400, "BAD_INPUT", "The range is empty: from is not before to.", "Swap them.");
  }
  const { currency, fill, open, limit } = query;
  // The bucket that holds `from` belongs to the range.
  const firstMs = fromMs === null ? null : bucketOpenMs(interval, fromMs);
  const stored = { pair, interval: interval.name, fromMs: firstMs, toMs, limit };
  const klines = await reads.candles(stored);
  const first = klines[0];
  if (first === undefined && (await reads.pair(pair)) === null) throw unknownPair(pair);
  const before =
    open === "previous-close" && first !== undefined
      ? await reads.candles({ ...stored, fromMs: null, toMs: first.open_time, limit: 1 })
      : [];
  const candles = candleViews(klines, before[0] ?? null, { interval, currency, fill, open, limit });
  return { pair, interval: interval.name, currency, fill, open, from: firstMs, to: toMs, candles };
}

function tradeRoute(app: FastifyInstance, { reads }: ApiParts): void {
  app.get<{ Querystring: { pair: string; limit: number; before?: string } }>(
    "/api/trades",
    {
      schema: {
        querystring: parameters(
          {
            pair: { type: "string", maxLength: 100 },
            limit: { type: "integer", minimum: 1, maximum: MAX_TRADES, default: 100 },
            before: { type: "string", maxLength: 64 },
          },
          ["pair"],
        ),
      },
    },
    async (request, reply) => {
      const { limit, before } = request.query;
      const pair = pairAddress(request.query.pair);
      const trades = await reads.trades({ pair, limit, before: tradeCursor(before) });
      if (trades.length === 0 && (await reads.pair(pair)) === null) throw unknownPair(pair);
      const last = trades.at(-1);
      // The cursor of the next page; null where there is none.
      const next =
        trades.length < limit || last?.block_time == null
          ? null
          : cursorText(last.block_time, tradeOrder(last));
      return fresh(reply).send({ pair, trades, next });
    },
  );
}

function cursorText(time: number, orderKey: string): string {
  return `${time}-${orderKey}`;
}

function tradeCursor(text: string | undefined): TradeCursor | null {
  if (text === undefined) return null;
  const match = /^(\d{1,10})-([0-9a-f]{46})$/.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) {
    return { time: Number(match[1]), orderKey: match[2] };
  }
  throw new HttpProblem(
    400,
    "BAD_INPUT",
    "The parameter before is not a place among trades.",
    "Give what the last page had in next.",
  );
}

function parameters(properties: Record<string, object>, required: string[] = []) {
  return { type: "object", properties, required, additionalProperties: false };
}

function pairAddress(text: string): string {
  if (isAddress(text)) return text;
  throw new HttpProblem(
    400,
    "BAD_INPUT",
    `The pair ${JSON.stringify(text.slice(0, 60))} is not an address.`,
    "Give the address of the pool, as /api/pairs lists them.",
  );
}

function timeParameter(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseTimeMs(text);
  if (ms !== null) return ms;
  throw new HttpProblem(
    400,
    "BAD_INPUT",
    `The parameter ${name} is not a time.`,
    "Give milliseconds since 1970 or a time such as 2025-04-10T12:00:00Z.",
  );
}

function unknownPair(address: string): HttpProblem {
  return new HttpProblem(
    404,
    "UNKNOWN_PAIR",
    `No trade of the pair ${address} is known.`,
    "See /api/pairs for the pairs that are.",
  );
}

function fresh(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
