import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { DevnetError } from "../devnet-error.ts";
import { ProtobufWriter, protobufFields } from "../encoding/protobuf.ts";
import { type DevnetClock, machineClock } from "../rpc/clock.ts";
import type { Commitment } from "../rpc/ledger.ts";
import type { UpdateFeed } from "./feed.ts";
import type { StreamEvent } from "./messages.ts";
import { ClientStream, GatheringCall, type StreamRules } from "./stream.ts";

export interface YellowstoneServerOptions {
  readonly feed: UpdateFeed;
  /** Default 0: any free port. Only 127.0.0.1 is listened on. */
  readonly port?: number;
  readonly clock?: DevnetClock;
  /** What clients must send as `x-token`; default: nothing. */
  readonly token?: string;
  /** Between two pings to a client; one that answers none of three is cut. Default 15 s. */
  readonly pingMs?: number;
  /** A reader that lets so many events pile up is cut. Default 10,000. */
  readonly maxUnsentEvents?: number;
  /** Told before each event: whether the stream is cut instead. */
  readonly cuts?: () => boolean;
  /** Methods that an older server does not have. */
  readonly withoutReplayInfo?: boolean;
}

/** A running server of the protocol of Yellowstone (package geyser, service Geyser). */
export interface YellowstoneServer {
  readonly url: string;
  /** Streams that are open now. */
  readonly streams: number;
  /** Cuts all open streams, as a restart would. */
  cut(): void;
  stop(): Promise<void>;
}

const pass = (bytes: Buffer): Buffer => bytes;
const PREFIX = "/geyser.Geyser/";

function method(name: string, streams: boolean) {
  return {
    path: `${PREFIX}${name}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
}

const SERVICE = {
  Subscribe: method("Subscribe", true),
  SubscribeReplayInfo: method("SubscribeReplayInfo", false),
  Ping: method("Ping", false),
  GetSlot: method("GetSlot", false),
  GetVersion: method("GetVersion", false),
};

/** Starts a server. Throws a DevnetError: LISTEN_FAILED. */
export async function startYellowstone(options: YellowstoneServerOptions): Promise<YellowstoneServer> {
  const { feed, clock = machineClock, port = 0, token } = options;
  const rules: StreamRules = {
    pingMs: options.pingMs ?? 15_000,
    maxUnsentEvents: options.maxUnsentEvents ?? 10_000,
    cuts: options.cuts ?? (() => false),
  };
  const streams = new Set<ClientStream>();
  const stopped = new AbortController();
  const server = new Server({
    "grpc.max_receive_message_length": 4 * 1024 * 1024,
    interceptors: [(_method, call) => new GatheringCall(call)],
  });
  server.addService(SERVICE, {
    Subscribe(call: ServerDuplexStream<Buffer, Buffer>) {
      if (token !== undefined && call.metadata.get("x-token")[0] !== token) {
        call.emit("error", { code: status.UNAUTHENTICATED, details: "No valid auth token" });
        return;
      }
      const stream = new ClientStream(call, feed, clock, rules);
      streams.add(stream);
      stream.done.finally(() => streams.delete(stream)).catch(() => {});
    },
    ...unaryMethods(feed, options),
  });
  const bound = await listen(server, port);
  const telling = tell(feed, streams, stopped.signal);
  return {
    url: `http://127.0.0.1:${bound}`,
    get streams() {
      return streams.size;
    },
    cut() {
      for (const stream of streams) stream.cut("the server restarts");
    },
    async stop() {
      stopped.abort();
      for (const stream of streams) stream.cut("the server stops");
      server.forceShutdown();
      await telling;
    },
  };
}

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;

function unaryMethods(feed: UpdateFeed, options: YellowstoneServerOptions): Record<string, Unary> {
  return {
    SubscribeReplayInfo(_call, answer) {
      if (options.withoutReplayInfo === true)
        answer({ code: status.UNIMPLEMENTED, details: "unknown method" });
      else answer(null, new ProtobufWriter().presentUint(1, feed.firstAvailable()).finish());
    },
    Ping(call, answer) {
      answer(null, call.request);
    },
    GetSlot(call, answer) {
      let level = 0;
      for (const { field, number } of protobufFields(call.request)) if (field === 1) level = Number(number);
      const commitments: readonly Commitment[] = ["processed", "confirmed", "finalized"];
      const slot = feed.headSlot(commitments[level] ?? "processed");
      answer(null, new ProtobufWriter().uint(1, slot).finish());
    },
    GetVersion(_call, answer) {
      answer(null, new ProtobufWriter().text(1, '{"version":{"package":"candlewick-devnet"}}').finish());
    },
  };
}

async function tell(
  feed: UpdateFeed,
  streams: ReadonlySet<ClientStream>,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of feed.follow(signal)) {
    const shared = once(event);
    for (const stream of streams) stream.tell(shared);
  }
}

/** Makes the messages of a block once for all streams. */
function once(event: StreamEvent): StreamEvent {
  if (event.kind === "slot") return event;
  const { block, meta } = event;
  let known: Buffer | null = null;
  const shared = block === null ? null : () => (known ??= block());
  return { ...event, block: shared, meta };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      const text = `The simulated Yellowstone server cannot listen on 127.0.0.1:${port}: ${error.message}.`;
      reject(new DevnetError("LISTEN_FAILED", text, { cause: error }));
    });
  });
}
