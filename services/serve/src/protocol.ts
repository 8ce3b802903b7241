import type { Kline, PriceChange, TradeWithPair } from "@candlewick/contracts";
import type { ServeStatus } from "./status-board.ts";

/** What a client can follow. */
export type Subscription =
  | { readonly channel: "candles"; readonly pair: string; readonly interval: string }
  | { readonly channel: "trades"; readonly pair: string }
  | { readonly channel: "prices" }
  | { readonly channel: "status" };

/** What a client can ask for, one JSON object per message. */
export type ClientRequest =
  | { readonly op: "subscribe" | "unsubscribe"; readonly subscription: Subscription }
  | { readonly op: "ping" };

/** What the server sends, one JSON object per message. */
export type ServerMessage =
  | ({ readonly op: "subscribed" | "unsubscribed" } & Subscription)
  | { op: "snapshot"; channel: "candles"; pair: string; interval: string; candles: readonly Kline[] }
  | { op: "update"; channel: "candles"; pair: string; interval: string; candle: Kline }
  | { op: "snapshot"; channel: "trades"; pair: string; trades: readonly TradeWithPair[] }
  | { op: "update"; channel: "trades"; pair: string; trades: readonly TradeWithPair[] }
  | { op: "retract"; channel: "trades"; pair: string; block_id: string }
  | { op: "update"; channel: "prices"; prices: readonly PriceChange[] }
  | { op: "update"; channel: "status"; status: ServeStatus }
  | { op: "pong" }
  | ({ op: "error"; code: string; message: string; advice: string } & Partial<Subscription>);

/** A request that cannot be followed: what is wrong and what to send instead. */
export interface RequestProblem {
  readonly message: string;
  readonly advice: string;
}

const CHANNELS = 'candles, trades, prices or status, such as {"op":"subscribe","channel":"prices"}';

/** Reads a client's message; a problem where it is none that the protocol knows. */
export function parseRequest(
  text: string,
  intervals: readonly string[],
): { request: ClientRequest } | { problem: RequestProblem } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return problem("The message is not JSON.", 'Send one JSON object such as {"op":"ping"}.');
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return problem("The message is not a JSON object.", 'Send one JSON object such as {"op":"ping"}.');
  }
  const op = "op" in json ? json.op : undefined;
  if (op === "ping") return { request: { op } };
  if (op !== "subscribe" && op !== "unsubscribe") {
    return problem(`The op ${shown(op)} is not known.`, "Send subscribe, unsubscribe or ping.");
  }
  const subscription = parseSubscription(json, intervals);
  return "problem" in subscription ? subscription : { request: { op, subscription } };
}

function parseSubscription(
  json: object,
  intervals: readonly string[],
): Subscription | { problem: RequestProblem } {
  const channel = "channel" in json ? json.channel : undefined;
  if (channel === "prices" || channel === "status") return { channel };
  if (channel !== "candles" && channel !== "trades") {
    return problem(`The channel ${shown(channel)} is not known.`, `Name the channel: ${CHANNELS}.`);
  }
  const pair = "pair" in json ? json.pair : undefined;
  if (typeof pair !== "string" || !isAddress(pair)) {
    return problem(`The pair ${shown(pair)} is not an address.`, "Send the address of a pair in pair.");
  }
  if (channel === "trades") return { channel, pair };
  const interval = "interval" in json ? json.interval : undefined;
  if (typeof interval !== "string" || !intervals.includes(interval)) {
    return problem(
      `The interval ${shown(interval)} is not kept.`,
      `Send one of ${intervals.join(", ")} in interval.`,
    );
  }
  return { channel, pair, interval };
}

/** Whether a value can be the address of a pair on a chain that is known (base58 or 0x hexadecimal). */
export function isAddress(text: string): boolean {
  return /^(?:[1-9A-HJ-NP-Za-km-z]{32,44}|0x[0-9a-fA-F]{40})$/.test(text);
}

/** The name of a subscription: equal ones have equal names. */
export function subscriptionName(subscription: Subscription): string {
  switch (subscription.channel) {
    case "candles":
      return `candles:${subscription.pair}:${subscription.interval}`;
    case "trades":
      return `trades:${subscription.pair}`;
    case "prices":
    case "status":
      return subscription.channel;
  }
}

function problem(message: string, advice: string): { problem: RequestProblem } {
  return { problem: { message, advice } };
}

function shown(value: unknown): string {
  return value === undefined ? "(none)" : (JSON.stringify(value)?.slice(0, 60) ?? "(none)");
}
