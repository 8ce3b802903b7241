import type { BoundRate, ClientQuotas } from "./client-quotas.ts";
import { type Client, MeasuredClients } from "./measured-clients.ts";
import { WHOLE_WINDOWS } from "./measured-rate.ts";
import { RequestTime } from "./request-time.ts";

/** Measures what clients with quotas send or get, and says how long they have to be silent for it. */
export class Throttle {
  readonly #quotas: ClientQuotas;
  readonly #rate: BoundRate;
  readonly #measured = new MeasuredClients();

  constructor(quotas: ClientQuotas, rate: BoundRate) {
    this.#quotas = quotas;
    this.#rate = rate;
  }

  /** Counts bytes that a client has sent or got. Returns for how many milliseconds it is to be silent. */
  record({ user, clientId }: Client, bytes: number, nowMs: number): number {
    const bound = this.#quotas.bound(this.#rate, user, clientId);
    if (bound === undefined) return 0;
    const measured = this.#measured.of(bound.share, nowMs);
    measured.add(bytes, nowMs);
    return measured.excessMs(bound.perSecond, nowMs);
  }

  /**
   * Counts an answer that is to be sent, and returns for how long the client is to be silent in place of getting it;
   * the answer is not counted then. What is more than the bound by itself goes out after a silence, and is paid for
   * afterwards: else it could never be sent.
   */
  admit(
    client: Client,
    bytes: number,
    nowMs: number,
  ): { readonly throttleMs: number; readonly isSent: boolean } {
    const bound = this.#quotas.bound(this.#rate, client.user, client.clientId);
    if (bound === undefined) return { throttleMs: 0, isSent: true };
    const measured = this.#measured.of(bound.share, nowMs);
    const isFirst = measured.total(nowMs) <= 0;
    measured.add(bytes, nowMs);
    const throttleMs = measured.excessMs(bound.perSecond, nowMs);
    const isSent = throttleMs === 0 || isFirst;
    if (!isSent) measured.add(-bytes, nowMs);
    return { throttleMs, isSent };
  }

  /** The most bytes that a client can get at once. */
  largest({ user, clientId }: Client): number {
    const bound = this.#quotas.bound(this.#rate, user, clientId);
    return bound === undefined ? Number.POSITIVE_INFINITY : Math.floor(bound.perSecond * WHOLE_WINDOWS);
  }
}

export interface Throttles {
  readonly produce: Throttle;
  readonly fetch: Throttle;
  readonly requestTime: RequestTime;
}

export function throttlesOf(quotas: ClientQuotas): Throttles {
  return {
    produce: new Throttle(quotas, "producer_byte_rate"),
    fetch: new Throttle(quotas, "consumer_byte_rate"),
    requestTime: new RequestTime(quotas),
  };
}
