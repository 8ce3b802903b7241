import type { ClientQuotas } from "./client-quotas.ts";
import { type Client, MeasuredClients } from "./measured-clients.ts";
import { WINDOW_MS } from "./measured-rate.ts";

/** Of a percentage: so much of each second is one percent of it. */
const MS_PER_PERCENT = 10;
/** Kafka keeps nobody silent for longer than one of its windows, however much time was taken. */
const LONGEST_SILENCE_MS = WINDOW_MS;

/**
 * The time that this broker works on the requests of clients with request_percentage: reading them, what is done
 * before the first wait, and writing the answer; waits for records, for members or for the disk do not count. As in
 * Kafka 100 percent are one thread, and this broker has no more.
 */
export class RequestTime {
  readonly #quotas: ClientQuotas;
  readonly #measured = new MeasuredClients();

  constructor(quotas: ClientQuotas) {
    this.#quotas = quotas;
  }

  /** Begins to take the time of a request; undefined where nothing bounds its client. */
  watch(client: Client): RequestWatch | undefined {
    const bound = this.#quotas.bound("request_percentage", client.user, client.clientId);
    return bound === undefined ? undefined : new RequestWatch(this, client);
  }

  /** Counts time that a client took. Returns for how many milliseconds it is to be silent. */
  record({ user, clientId }: Client, spentMs: number, nowMs: number): number {
    const bound = this.#quotas.bound("request_percentage", user, clientId);
    if (bound === undefined) return 0;
    const measured = this.#measured.of(bound.share, nowMs);
    measured.add(spentMs, nowMs);
    return Math.min(measured.excessMs(bound.perSecond * MS_PER_PERCENT, nowMs), LONGEST_SILENCE_MS);
  }
}

/** Takes the time of one request, which can be stopped while it waits. */
export class RequestWatch {
  readonly #time: RequestTime;
  readonly #client: Client;
  #spentMs = 0;
  #sinceMs: number | undefined = performance.now();
  #silenceMs: number | undefined;

  constructor(time: RequestTime, client: Client) {
    this.#time = time;
    this.#client = client;
  }

  pause(): void {
    if (this.#sinceMs !== undefined) this.#spentMs += performance.now() - this.#sinceMs;
    this.#sinceMs = undefined;
  }

  resume(): void {
    this.#sinceMs ??= performance.now();
  }

  /** Counts the time until now. Returns for how long the client is to be silent: the same however often it is asked. */
  silenceMs(nowMs: number): number {
    if (this.#silenceMs === undefined) {
      this.#silenceMs = this.#count(nowMs);
      this.resume();
    }
    return this.#silenceMs;
  }

  /** Counts what came behind the answer to `silenceMs`, which the client pays for with its next request. */
  end(nowMs: number): void {
    this.#count(nowMs);
  }

  #count(nowMs: number): number {
    this.pause();
    const spentMs = this.#spentMs;
    this.#spentMs = 0;
    return this.#time.record(this.#client, spentMs, nowMs);
  }
}
