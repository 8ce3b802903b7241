import type { BrokerParts } from "../api/handler.ts";
import type { InterceptedRequest, Interception } from "../options.ts";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import { failedAnswer } from "./failed-answer.ts";
import { readRequestHeader } from "./request-header.ts";

/** Passes the requests of one connection by the interceptor of a test, one after the other. */
export class Interceptor {
  readonly #intercept: (request: InterceptedRequest) => Interception;
  readonly #parts: BrokerParts;
  #turn: Promise<void> = Promise.resolve();

  constructor(intercept: (request: InterceptedRequest) => Interception, parts: BrokerParts) {
    this.#intercept = intercept;
    this.#parts = parts;
  }

  async pass(request: Buffer, serve: () => Promise<Buffer[] | undefined>): Promise<Buffer[] | undefined> {
    const before = this.#turn;
    const { promise, resolve: endTurn } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      const { apiKey, version, clientId } = readRequestHeader(new Reader(request));
      const apiName = this.#parts.handlers.get(apiKey)?.api.name ?? "";
      const verdict = this.#intercept({ apiKey, apiName, version, clientId });
      if (verdict === "close") throw new MalformedMessage("closed by the interceptor");
      if (typeof verdict === "object" && "errorCode" in verdict) {
        return failedAnswer(this.#parts, request, verdict.errorCode);
      }
      if (typeof verdict === "object") await this.#wait(verdict.delayMs);
      const answer = serve();
      // The next request begins now: it need not wait for this one's answer.
      endTurn();
      const pieces = await answer;
      return verdict === "lose-answer" ? undefined : pieces;
    } finally {
      endTurn();
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.setTimer(delayMs, resolve);
    });
  }
}
