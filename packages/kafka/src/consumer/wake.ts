/** Something may have changed: whoever waits looks again. */
export class Wake {
  #next = Promise.withResolvers<void>();

  /** Resolves with the next call. To be taken before one looks, so that no call is missed. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  call(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
