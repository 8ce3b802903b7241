import { encodeJson, TOPICS } from "@candlewick/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealParts, startRealParts } from "./real-parts.ts";
import { kline, PAIR_A, PAIR_B, priceChange, START_MS, trade } from "./sample.ts";
import { WebSocketClient } from "./websocket-client.ts";

let parts: RealParts;

beforeAll(async () => {
  parts = await startRealParts(null);
  await parts.checkpoint([
    trade({ slot: 1, timeMs: START_MS, base: 1_000_000_000n }),
    trade({ slot: 2, timeMs: START_MS + 10_000, base: 3_000_000_000n }),
    trade({ slot: 400, timeMs: START_MS + 180_000, base: 2_000_000_000n, side: "sell" }),
    trade({ slot: 3, timeMs: START_MS + 20_000, pair: PAIR_B, base: 20_000_000_000n }),
  ]);
});

afterAll(async () => {
  await parts?.stop();
});

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(parts.serve.url + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("HTTP over PostgreSQL", () => {
  it("lists pairs by volume and tells one", async () => {
    const { body } = await get("/api/pairs");
    expect(body.pairs).toMatchObject([
      {
        pair_addr: PAIR_B,
        venue: "PumpSwap",
        base: { symbol: "SOL" },
        volume_24h_usd: "2600",
        trades_24h: 1,
      },
      {
        pair_addr: PAIR_A,
        price_base: 0.002,
        price_usd: 0.26,
        volume_24h_usd: "780",
        trades_24h: 3,
        slot: 400,
      },
    ]);
    expect((await get(`/api/pairs/${PAIR_A}`)).body).toMatchObject({ pair_addr: PAIR_A, trades_24h: 3 });
    expect((await get("/api/pairs?search=9wFFy")).body.pairs).toMatchObject([{ pair_addr: PAIR_A }]);
  });

  it("gives candles, sparse and filled", async () => {
    const path = `/api/candles?pair=${PAIR_A}&interval=1m&currency=base`;
    const { body } = await get(path);
    expect(body.candles).toMatchObject([
      {
        open_time: START_MS,
        open: 0.001,
        high: 0.003,
        low: 0.001,
        close: 0.003,
        volume: "4",
        trades: 2,
        buys: 2,
      },
      { open_time: START_MS + 180_000, open: 0.002, close: 0.002, volume: "2", trades: 1, buys: 0 },
    ]);
    const filled = await get(`${path}&fill=flat&open=previous-close`);
    expect(filled.body.candles).toMatchObject([
      { open: 0.001, trades: 2 },
      { open: 0.003, high: 0.003, close: 0.003, volume: "0", trades: 0 },
      { open: 0.003, trades: 0 },
      { open: 0.003, high: 0.003, low: 0.002, close: 0.002, trades: 1 },
    ]);
  });

  it("pages through trades without a gap or a repeat", async () => {
    const slots: unknown[] = [];
    let next: unknown = null;
    do {
      const before = next === null ? "" : `&before=${String(next)}`;
      const { body } = await get(`/api/trades?pair=${PAIR_A}&limit=1${before}`);
      slots.push(...(body.trades as { slot: number }[]).map(({ slot }) => slot));
      next = body.next;
    } while (next !== null);
    expect(slots).toEqual([400, 2, 1]);
  });

  it("is alive, ready and measured", async () => {
    expect((await fetch(`${parts.serve.url}/livez`)).status).toBe(200);
    expect(await get("/readyz")).toMatchObject({ status: 200, body: { ready: true } });
    const metrics = await (await fetch(`${parts.serve.url}/metrics`)).text();
    expect(metrics).toContain('serve_http_request_duration_seconds_count{route="/api/trades",status="200"}');
    expect(metrics).toContain("serve_websocket_clients 0");
  });
});

describe("live from Kafka", () => {
  it("sends trades and candles as they are produced, after the snapshot of the store", async () => {
    const client = await WebSocketClient.connect(parts.serve.url);
    client.send({ op: "subscribe", channel: "candles", pair: PAIR_A, interval: "1m" });
    client.send({ op: "subscribe", channel: "trades", pair: PAIR_A });
    const candles = await client.next({ op: "snapshot", channel: "candles" });
    expect(candles.candles).toMatchObject([{ open_time: START_MS }, { open_time: START_MS + 180_000 }]);
    const trades = await client.next({ op: "snapshot", channel: "trades" });
    expect(trades.trades).toMatchObject([{ slot: 400 }, { slot: 2 }, { slot: 1 }]);

    const live = trade({ slot: 500, timeMs: START_MS + 200_000 });
    await parts.produceBlock([live]);
    expect(await client.next({ op: "update", channel: "trades" })).toMatchObject({ trades: [{ slot: 500 }] });

    const key = Buffer.from(PAIR_A);
    const value = (revision: number) => encodeJson(kline(3, revision));
    for (const revision of [1_000_001, 1_000_000, 1_000_002]) {
      await parts.producer.send({ topic: TOPICS.solana.klines, key, value: value(revision) });
    }
    for (const revision of [1_000_001, 1_000_002]) {
      const update = await client.next({ op: "update", channel: "candles" });
      expect(update).toMatchObject({ pair: PAIR_A, interval: "1m", candle: { revision } });
    }
    await client.close();
  });

  it("sends prices, shows them before the store has them, and knows them after a restart", async () => {
    const client = await WebSocketClient.connect(parts.serve.url);
    client.send({ op: "subscribe", channel: "prices" });
    await client.next({ op: "subscribed" });
    const value = encodeJson(priceChange(PAIR_B, 7.5, 900));
    await parts.producer.send({ topic: TOPICS.solana.priceChange, key: Buffer.from(PAIR_B), value });
    const update = await client.next({ op: "update", channel: "prices" });
    expect(update.prices).toEqual([priceChange(PAIR_B, 7.5, 900)]);
    await client.close();
    const expected = { price_usd: 7.5, slot: 900, change_5m: 0.01, change_24h: -0.5 };
    expect((await get(`/api/pairs/${PAIR_B}`)).body).toMatchObject(expected);
    const another = await parts.startAnother(0);
    const watcher = await WebSocketClient.connect(another.url);
    watcher.send({ op: "subscribe", channel: "prices" });
    expect((await watcher.next({ op: "update", channel: "prices" })).prices).toMatchObject([
      { price_usd: 7.5 },
    ]);
    await watcher.close();
    await another.stop(5_000);
    await another.done;
  });

  it("tells the head of the chain, the rates and the lag of the dataflow", async () => {
    await parts.produceBlock([trade({ slot: 600, timeMs: START_MS + 300_000 })]);
    const client = await WebSocketClient.connect(parts.serve.url);
    client.send({ op: "subscribe", channel: "status" });
    let status: Record<string, unknown> = {};
    do {
      ({ status } = (await client.next({ op: "update", channel: "status" })) as { status: typeof status });
    } while ((status.head as { slot: number } | null)?.slot !== 600);
    expect(status).toMatchObject({ version: "0.0.0-test", clients: 1 });
    // Nothing of what was produced is in the store: it was only sent.
    expect(status.dataflow).toMatchObject({ lag_records: 4 });
    expect((await get("/api/status")).body).toMatchObject({ head: { slot: 600 } });
    await client.close();
  });

  it("counts and skips a record that is not what its topic carries", async () => {
    const client = await WebSocketClient.connect(parts.serve.url);
    client.send({ op: "subscribe", channel: "trades", pair: PAIR_B });
    await client.next({ op: "snapshot" });
    const key = Buffer.from("1");
    for (const bad of ["", "{}", '[{"pair_addr":1}]', "null"]) {
      await parts.producer.send({ topic: TOPICS.solana.trades, key, value: Buffer.from(bad), partition: 0 });
    }
    await parts.produceBlock([trade({ slot: 700, pair: PAIR_B })]);
    expect(await client.next({ op: "update" })).toMatchObject({ trades: [{ slot: 700 }] });
    await client.close();
    expect(await parts.metrics.metrics()).toContain(
      'serve_kafka_records_rejected_total{topic="sol-trades"} 4',
    );
  });

  it("is quick from produce to WebSocket", async () => {
    const client = await WebSocketClient.connect(parts.serve.url);
    client.send({ op: "subscribe", channel: "trades", pair: PAIR_A });
    await client.next({ op: "snapshot" });
    const tookMs: number[] = [];
    for (let i = 0; i < 50; i++) {
      const live = trade({ slot: 1000 + i });
      const started = performance.now();
      const sent = parts.produceBlock([live]);
      await client.next({ op: "update", channel: "trades" });
      tookMs.push(performance.now() - started);
      await sent;
    }
    const median = tookMs.sort((a, b) => a - b)[25] ?? 0;
    // Generous for a busy machine; a poll or a timer in the way would cost more than this.
    expect(median).toBeLessThan(100);
    await client.close();
  });
});

describe("start", () => {
  it("says that the port is in use, and lets go of what it had", async () => {
    const port = Number(new URL(parts.serve.url).port);
    await expect(parts.startAnother(port)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: `port ${port} on 127.0.0.1 is in use`,
      exitCode: 1,
    });
  });
});
