import { setImmediate as nextTurn } from "node:timers/promises";
import type { TopicDirectory } from "./consumer-group.ts";
import { TopicPattern } from "./topic-pattern.ts";

/** About so much of matching, in steps of patterns times characters of names, is done in one turn of the loop. */
const WORK_PER_TURN = 200_000;
const MAX_PATTERNS = 1000;

interface Matches {
  readonly revision: number;
  readonly names: readonly string[];
}

/** Which topics the patterns of groups match, looked up in small pieces: others are served in between. */
export class TopicMatches {
  readonly #topics: TopicDirectory & { readonly revision: number };
  readonly #known = new Map<string, Matches>();

  constructor(topics: TopicDirectory & { readonly revision: number }) {
    this.#topics = topics;
  }

  /** True if the names are those of the topics that there are now. */
  isCurrent(pattern: string): boolean {
    return this.#known.get(pattern)?.revision === this.#topics.revision;
  }

  /** The names as they were last looked up; none where they never were. */
  names(pattern: string): readonly string[] {
    return this.#known.get(pattern)?.names ?? [];
  }

  /** Looks the names up. Rejects with InvalidPattern. */
  async lookUp(pattern: string): Promise<void> {
    const { revision } = this.#topics;
    const compiled = new TopicPattern(pattern);
    const names: string[] = [];
    let work = 0;
    for (const { name } of this.#topics.all()) {
      if (compiled.matches(name)) names.push(name);
      work += compiled.size * (name.length + 1);
      if (work < WORK_PER_TURN) continue;
      work = 0;
      await nextTurn();
    }
    if (this.#known.size >= MAX_PATTERNS) this.#known.clear();
    this.#known.set(pattern, { revision, names });
  }
}
