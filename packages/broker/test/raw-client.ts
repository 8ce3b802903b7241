import { connect, type Socket } from "node:net";
import { Framing } from "../src/network/framing.ts";
import { decodeResponse, encodeRequest } from "../src/protocol/codec.ts";
import { Reader } from "../src/protocol/reader.ts";
import type { Api, Decoded, Encodable } from "../src/protocol/schema.ts";
import { Writer } from "../src/protocol/writer.ts";

const API_VERSIONS_KEY = 18;

/** The bytes of a request with its size before them. */
export function encodeFrame<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: Encodable<A["request"]>,
  clientId = "raw",
): Buffer {
  const writer = new Writer();
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  const idBytes = Buffer.byteLength(clientId);
  writer.int16(idBytes);
  writer.string(clientId, idBytes);
  if (version >= api.flexibleFrom) writer.uvarint(0);
  encodeRequest(api, version, writer, body);
  const size = Buffer.alloc(4);
  size.writeInt32BE(writer.size);
  return Buffer.concat([size, ...writer.finish()]);
}

/** A client that speaks any version of any API through the broker's own tables. */
export class RawClient {
  readonly socket: Socket;
  readonly #clientId: string;
  readonly #framing = new Framing(1 << 28);
  readonly #waiting = new Map<number, (answer: Buffer) => void>();
  #next = 1;
  /** Correlation ids in the order in which the answers came. */
  readonly order: number[] = [];
  readonly closed: Promise<void>;

  private constructor(socket: Socket, clientId: string) {
    this.socket = socket;
    this.#clientId = clientId;
    socket.on("data", (chunk: Buffer) => {
      this.#framing.push(chunk);
      for (let answer = this.#framing.next(); answer !== undefined; answer = this.#framing.next()) {
        const correlationId = answer.readInt32BE(0);
        this.order.push(correlationId);
        this.#waiting.get(correlationId)?.(answer);
        this.#waiting.delete(correlationId);
      }
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async connect(port: number, clientId = "raw"): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket, clientId);
  }

  /** Sends without waiting for an answer. */
  post<A extends Api>(api: A, version: number, body: Encodable<A["request"]>): number {
    const correlationId = this.#next++;
    this.socket.write(encodeFrame(api, version, correlationId, body, this.#clientId));
    return correlationId;
  }

  async send<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
  ): Promise<Decoded<A["response"]>> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const correlationId = this.post(api, version, body);
    this.#waiting.set(correlationId, resolve);
    void this.closed.then(() => reject(new Error(`connection closed before the answer to ${api.name}`)));
    const reader = new Reader(await promise, 4);
    if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) reader.uvarint();
    const answer = decodeResponse(api, version, reader);
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes behind the answer to ${api.name}`);
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }
}
