import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { Commitment } from "../../ports.ts";
import {
  type GeyserUpdate,
  pingRequest,
  readReplayInfo,
  readUpdate,
  subscribeRequest,
} from "./geyser-messages.ts";

export interface GeyserClientOptions {
  /** http or https. */
  readonly url: string;
  /** Sent as `x-token`. */
  readonly token: string | null;
  readonly maxMessageBytes: number;
  readonly timeoutMs: number;
}

/** How a stream ended. */
export interface StreamEnd {
  readonly reason: string;
  /** The slot that was asked for is not to be had any more. */
  readonly tooOld: boolean;
  /** The server does not let us in: trying again does not help. */
  readonly refused: boolean;
}

const PATH = "/geyser.Geyser/";
const bytes = (message: Buffer): Buffer => message;

/** A connection to a Yellowstone server. Messages are taken as bytes: a block is decoded from them directly. */
export class GeyserClient {
  readonly #options: GeyserClientOptions;
  readonly #client: Client;
  #pings = 0;

  constructor(options: GeyserClientOptions) {
    const { host, protocol } = new URL(options.url);
    this.#options = options;
    const security = protocol === "https:" ? credentials.createSsl() : credentials.createInsecure();
    this.#client = new Client(host, security, {
      "grpc.max_receive_message_length": options.maxMessageBytes,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.keepalive_permit_without_calls": 1,
      // Reconnecting is done by whoever reads: he knows from where on.
      "grpc.enable_retries": 0,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
    });
  }

  /** The first slot from which blocks can be had again; null where the server does not tell. */
  async firstAvailable(signal: AbortSignal): Promise<number | null> {
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const deadline = Date.now() + this.#options.timeoutMs;
      const call = this.#client.makeUnaryRequest(
        `${PATH}SubscribeReplayInfo`,
        bytes,
        bytes,
        Buffer.alloc(0),
        this.#metadata(),
        { deadline },
        (error: ServiceError | null, answer?: Buffer) => {
          if (signal.aborted) reject(signal.reason);
          // An older server does not have the method; one that is away is met again by the stream.
          else resolve(error !== null || answer === undefined ? null : readReplayInfo(answer));
        },
      );
      signal.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  /**
   * Subscribes and hands over every update, until the stream ends. `onUpdate` answers whether more is wanted
   * at once; where not, reading stops until `resume` is called, and the server holds back.
   */
  async stream(
    commitment: Commitment,
    fromSlot: number | null,
    onUpdate: (update: GeyserUpdate, resume: () => void) => boolean,
    signal: AbortSignal,
  ): Promise<StreamEnd> {
    signal.throwIfAborted();
    const call = this.#client.makeBidiStreamRequest(`${PATH}Subscribe`, bytes, bytes, this.#metadata(), {});
    const ended = Promise.withResolvers<StreamEnd>();
    const cancel = () => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    call.on("error", (error: ServiceError) => ended.resolve(endOf(error)));
    call.on("end", () => ended.resolve({ reason: "the server ended it", tooOld: false, refused: false }));
    call.on("data", (message: Buffer) => this.#take(call, message, onUpdate, ended));
    call.write(subscribeRequest(commitment, fromSlot));
    try {
      const end = await ended.promise;
      signal.throwIfAborted();
      return end;
    } finally {
      signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  #take(
    call: ClientDuplexStream<Buffer, Buffer>,
    message: Buffer,
    onUpdate: (update: GeyserUpdate, resume: () => void) => boolean,
    ended: { resolve(end: StreamEnd): void },
  ): void {
    let update: GeyserUpdate;
    try {
      update = readUpdate(message);
    } catch (error) {
      ended.resolve({ reason: `a message cannot be read: ${error}`, tooOld: false, refused: false });
      return;
    }
    if (update.kind === "ping") {
      this.#pings = (this.#pings + 1) % 1_000_000;
      call.write(pingRequest(this.#pings));
    }
    if (!onUpdate(update, () => call.resume())) call.pause();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#options.token !== null) metadata.set("x-token", this.#options.token);
    return metadata;
  }
}

function endOf({ code, details }: ServiceError): StreamEnd {
  const tooOld =
    code === status.OUT_OF_RANGE || (/not available|too old/i.test(details) && code !== status.UNAVAILABLE);
  const refused =
    code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED || code === status.UNIMPLEMENTED;
  return { reason: `${details} (${status[code] ?? code})`, tooOld, refused };
}
