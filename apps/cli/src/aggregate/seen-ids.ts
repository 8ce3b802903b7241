/** A Set holds at most 2^24 entries. */
const MAX_SET_SIZE = 16_000_000;

/** The ids that a file had so far, however many they are. */
export class SeenIds {
  readonly #sets: Set<string>[] = [new Set()];

  /** Adds an id; false where it was there already. */
  add(id: string): boolean {
    if (this.#sets.some((set) => set.has(id))) return false;
    const last = this.#sets.at(-1);
    if (last === undefined || last.size >= MAX_SET_SIZE) this.#sets.push(new Set([id]));
    else last.add(id);
    return true;
  }
}
