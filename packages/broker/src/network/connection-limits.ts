import { hostOf } from "../auth/access.ts";

export interface ConnectionBounds {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** Other bounds for single addresses. */
  readonly maxConnectionsPerIpOverrides: Readonly<Record<string, number>>;
}

/** Counts the connections of all listeners, and those of each address. */
export class ConnectionLimits {
  readonly #bounds: ConnectionBounds;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  /** Takes a connection in, or says why not. What is taken in must be released. */
  admit(address: string): "admitted" | "too many" | "too many from this address" {
    const { maxConnections, maxConnectionsPerIp, maxConnectionsPerIpOverrides } = this.#bounds;
    const host = hostOf(address);
    const own = this.#byAddress.get(host) ?? 0;
    if (this.#count >= maxConnections) return "too many";
    if (own >= (maxConnectionsPerIpOverrides[host] ?? maxConnectionsPerIp))
      return "too many from this address";
    this.#count++;
    this.#byAddress.set(host, own + 1);
    return "admitted";
  }

  release(address: string): void {
    const host = hostOf(address);
    const left = (this.#byAddress.get(host) ?? 0) - 1;
    this.#count--;
    if (left > 0) this.#byAddress.set(host, left);
    else this.#byAddress.delete(host);
  }
}
