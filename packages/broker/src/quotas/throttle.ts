import type { ByteRate, ClientQuotas } from "./client-quotas.ts";
import { MeasuredRate, WHOLE_WINDOWS } from "./measured-rate.ts";

/** Above so many, what has been silent is forgotten before another one is measured. */
const MAX_MEASURED = 10_000;

export interface Client {
  readonly user: string;
  readonly clientId: string;
}

/** Measures what clients with quotas send or get, and says how long they have to be silent for it. */
export class Throttle {
  readonly #quotas: ClientQuotas;
  readonly #rate: ByteRate;
  readonly #measured = new Map<string, MeasuredRate>();

  constructor(quotas: ClientQuotas, rate: ByteRate) {
    this.#quotas = quotas;
    this.#rate = rate;
  }

  /** Counts bytes that a client has sent or got. Returns for how many milliseconds it is to be silent. */
  record({ user, clientId }: Client, bytes: number, nowMs: number): number {
    const bound = this.#quotas.bound(this.#rate, user, clientId);
    if (bound === undefined) return 0;
    const measured = this.#of(bound.share, nowMs);
    measured.add(bytes, nowMs);
    return measured.excessMs(bound.bytesPerSecond, nowMs);
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
    const measured = this.#of(bound.share, nowMs);
    const isFirst = measured.bytes(nowMs) <= 0;
    measured.add(bytes, nowMs);
    const throttleMs = measured.excessMs(bound.bytesPerSecond, nowMs);
    const isSent = throttleMs === 0 || isFirst;
    if (!isSent) measured.add(-bytes, nowMs);
    return { throttleMs, isSent };
  }

  /** The most bytes that a client can get at once. */
  largest({ user, clientId }: Client): number {
    const bound = this.#quotas.bound(this.#rate, user, clientId);
    return bound === undefined ? Number.POSITIVE_INFINITY : Math.floor(bound.bytesPerSecond * WHOLE_WINDOWS);
  }

  #of(share: string, nowMs: number): MeasuredRate {
    const known = this.#measured.get(share);
    if (known !== undefined) return known;
    if (this.#measured.size >= MAX_MEASURED) this.#forgetSilent(nowMs);
    const measured = new MeasuredRate();
    this.#measured.set(share, measured);
    return measured;
  }

  #forgetSilent(nowMs: number): void {
    for (const [share, measured] of this.#measured) {
      if (measured.bytes(nowMs) === 0) this.#measured.delete(share);
    }
    // Where all are busy the oldest ones begin anew: a bound on memory counts more than one on rates.
    for (const share of this.#measured.keys()) {
      if (this.#measured.size < MAX_MEASURED) break;
      this.#measured.delete(share);
    }
  }
}

export interface Throttles {
  readonly produce: Throttle;
  readonly fetch: Throttle;
}

export function throttlesOf(quotas: ClientQuotas): Throttles {
  return {
    produce: new Throttle(quotas, "producer_byte_rate"),
    fetch: new Throttle(quotas, "consumer_byte_rate"),
  };
}
