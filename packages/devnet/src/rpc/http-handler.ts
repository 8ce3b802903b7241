import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { damageField, misplaceParent } from "./damage.ts";
import { answer } from "./dispatch.ts";
import type { FaultPlan, RequestFault } from "./faults.ts";
import type { MethodContext } from "./methods.ts";

const compress = promisify(gzip);
/** As a real node: requests are small. */
const MAX_REQUEST_BYTES = 50 * 1024;
const COMPRESS_FROM_BYTES = 1_024;

/** Answers JSON-RPC over HTTP. */
export class HttpHandler {
  readonly #context: MethodContext;
  readonly #faults: FaultPlan;
  readonly #retryAfter: string;
  #answers = 0;

  constructor(context: MethodContext, faults: FaultPlan, retryAfterSeconds: number) {
    this.#context = context;
    this.#faults = faults;
    this.#retryAfter = String(retryAfterSeconds);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET" && request.url === "/health") return plain(response, 200, "ok");
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      return plain(response, 405, "Used HTTP Method is not allowed. POST is required\n");
    }
    if (!(request.headers["content-type"] ?? "").startsWith("application/json")) {
      return plain(
        response,
        415,
        "Supplied content type is not allowed. Content-Type: application/json is required\n",
      );
    }
    const body = await bodyOf(request);
    if (body === null) {
      response.setHeader("Connection", "close");
      return plain(response, 413, "Request is too large\n");
    }
    const fault = this.#faults.nextRequest();
    if (fault === "rate-limited" || fault === "server-error")
      return refuse(response, fault, this.#retryAfter);
    // The client's patience ends this, or the end of the server.
    if (fault === "hang") return;
    const text = answer(this.#context, body);
    if (text === null) return plain(response, 204, "");
    await this.#send(request, response, Buffer.from(this.#altered(text, fault)), fault);
  }

  #altered(text: string, fault: RequestFault | null): string {
    this.#answers += 1;
    if (fault === "malformed-field") return damageField(text, this.#answers);
    return fault === "wrong-parent" ? misplaceParent(text, this.#answers) : text;
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    text: Buffer,
    fault: RequestFault | null,
  ): Promise<void> {
    const whole = fault === "truncated-body" ? text.subarray(0, text.length >> 1) : text;
    const compressed = whole.length >= COMPRESS_FROM_BYTES && acceptsGzip(request);
    const body = compressed ? await compress(whole, { level: constants.Z_BEST_SPEED }) : whole;
    response.statusCode = 200;
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Vary", "Accept-Encoding");
    if (compressed) response.setHeader("Content-Encoding", "gzip");
    response.setHeader("Content-Length", body.length);
    if (fault !== "cut-connection") {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  }
}

function acceptsGzip(request: IncomingMessage): boolean {
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[\d.]+\s*)?(,|$)/.test(
    String(request.headers["accept-encoding"] ?? ""),
  );
}

/** The body as text; null when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    const bytes: Buffer = part;
    length += bytes.length;
    if (length > MAX_REQUEST_BYTES) return null;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

function refuse(response: ServerResponse, fault: "rate-limited" | "server-error", retryAfter: string): void {
  if (fault === "server-error") {
    plain(response, 500, "Internal Server Error\n");
    return;
  }
  response.setHeader("Retry-After", retryAfter);
  response.setHeader("Content-Type", "application/json");
  response.statusCode = 429;
  response.end('{"jsonrpc":"2.0","error":{"code":429,"message":"Too many requests from your IP"},"id":null}');
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain");
  response.end(text);
}
