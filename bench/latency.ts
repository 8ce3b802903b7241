import { encodeTrades, TOPICS } from "@candlewick/contracts";
import { dataflowSchema, startDataflow } from "@candlewick/dataflow";
import { DEFAULT_INTERVALS } from "@candlewick/domain";
import { createProducer } from "@candlewick/kafka";
import { marketSchema, startMarket } from "@candlewick/market";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { serveSchema, startServe } from "@candlewick/serve";
import { startServers } from "./servers.ts";
import { quantile, report } from "./statistics.ts";
import { ZipfTrades } from "./zipf-trades.ts";

const TRADES_PER_SECOND = 1_000;
const MESSAGES_PER_SECOND = 100;
const SECONDS = Number(process.env.CANDLEWICK_BENCH_SECONDS ?? 20);
/** The first seconds warm everything up and are not counted. */
const WARM_UP_SECONDS = 3;

/** From `send` of a message of trades to its arrival at a WebSocket client, with dataflow and market at work. */
export async function benchLatency(): Promise<void> {
  const servers = await startServers();
  const shared = { ...servers, logger: silentLogger, metrics: new Registry(), clock: systemClock };
  const dataflow = dataflowSchema.parse({});
  const services = [
    await startDataflow(dataflow, { ...shared, chain: "solana" }),
    await startMarket(marketSchema.parse({}), {
      ...shared,
      chain: "solana",
      intervals: DEFAULT_INTERVALS,
      dataflowGroup: dataflow.group,
    }),
  ];
  const serve = await startServe(serveSchema.parse({ port: 0 }), { ...shared, version: "bench" });
  services.push(serve);
  const producer = await createProducer(servers.kafka);
  const latencies = await measure(serve.url, async (trades) => {
    await producer.send({ topic: TOPICS.solana.trades, key: Buffer.from("1"), value: encodeTrades(trades) });
  });
  await producer.close();
  for (const service of services.reverse()) await service.stop(5_000);
  await servers.stop();
  console.log(
    `${TRADES_PER_SECOND} trades/s in ${MESSAGES_PER_SECOND} messages/s for ${SECONDS} s, all in one process`,
  );
  report("produce to WebSocket, p50", quantile(latencies, 0.5), "ms");
  report("produce to WebSocket, p99", quantile(latencies, 0.99), "ms");
}

type Trades = ReturnType<ZipfTrades["next"]>;

async function measure(url: string, send: (trades: Trades) => Promise<void>): Promise<number[]> {
  // One pair: a client sees the trades of the pairs that it asked for.
  const source = new ZipfTrades(1, TRADES_PER_SECOND / MESSAGES_PER_SECOND);
  const sentAt = new Map<number, number>();
  const latencies: number[] = [];
  const [first] = source.next(Math.floor(Date.now() / 1000));
  const pair = first?.pair ?? "";
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = ({ data }) => {
    const now = performance.now();
    const message: unknown = JSON.parse(String(data));
    for (const slot of slotsOf(message)) {
      const sent = sentAt.get(slot);
      if (sent !== undefined) latencies.push(now - sent);
      sentAt.delete(slot);
    }
  };
  socket.send(JSON.stringify({ op: "subscribe", channel: "trades", pair }));
  const began = performance.now();
  const sends: Promise<void>[] = [];
  for (let index = 0; index < SECONDS * MESSAGES_PER_SECOND; index++) {
    const dueMs = began + (index * 1000) / MESSAGES_PER_SECOND;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await systemClock.delay(waitMs);
    const trades = source.next(Math.floor(Date.now() / 1000));
    const slot = trades[0]?.block.slot;
    if (slot !== undefined && index >= WARM_UP_SECONDS * MESSAGES_PER_SECOND)
      sentAt.set(slot, performance.now());
    sends.push(send(trades));
  }
  await Promise.all(sends);
  for (let wait = 0; sentAt.size > 0 && wait < 100; wait++) await systemClock.delay(50);
  socket.close();
  if (sentAt.size > 0) throw new Error(`${sentAt.size} messages never arrived`);
  return latencies;
}

/** The slots of the trades in a message of the server. */
function slotsOf(message: unknown): Set<number> {
  const slots = new Set<number>();
  if (typeof message !== "object" || message === null || !("trades" in message)) return slots;
  if (!("op" in message) || message.op !== "update" || !Array.isArray(message.trades)) return slots;
  for (const trade of message.trades) slots.add(Number(trade.slot));
  return slots;
}
