import type { PartitionDelivery } from "./partition-delivery.ts";

/**
 * Which partitions have more in hand than handlers can begin soon: those are not read on meanwhile, so that what
 * waits is short-lived. It holds a partition up only while other keys wait for a handler as well: a key that is
 * stuck must not keep the others from being read.
 */
export class ReadAhead {
  readonly #enoughRecords: number;
  readonly #concurrency: number;
  readonly #ahead = new Set<PartitionDelivery>();

  /** `concurrency`: how many handlers run at one time. */
  constructor(enoughRecords: number, concurrency: number) {
    this.#enoughRecords = enoughRecords;
    this.#concurrency = concurrency;
  }

  /** Records of the partition arrived, and so many lanes wait for a handler. */
  arrived(partition: PartitionDelivery, readyLanes: number): void {
    if (partition.isAhead || partition.waiting < this.#enoughRecords || readyLanes < this.#concurrency)
      return;
    partition.isAhead = true;
    this.#ahead.add(partition);
  }

  /** A record of the partition waits no more. Returns whether the partition is to be read again. */
  begun(partition: PartitionDelivery): boolean {
    if (!partition.isAhead || partition.waiting > this.#enoughRecords / 2) return false;
    this.#release(partition);
    return true;
  }

  /** So many lanes wait for a handler now. Returns whether partitions are to be read again. */
  left(readyLanes: number): boolean {
    if (this.#ahead.size === 0 || readyLanes >= this.#concurrency) return false;
    for (const partition of this.#ahead) this.#release(partition);
    return true;
  }

  /** The partition is given up. */
  forget(partition: PartitionDelivery): void {
    this.#ahead.delete(partition);
  }

  #release(partition: PartitionDelivery): void {
    partition.isAhead = false;
    this.#ahead.delete(partition);
  }
}
