import { type Assertion, InvalidPattern, type Node, parsePattern } from "./pattern-syntax.ts";

export { InvalidPattern } from "./pattern-syntax.ts";

type Step =
  | { readonly kind: "char"; readonly matches: (char: string) => boolean; readonly next: number }
  | { readonly kind: "assert"; readonly holds: Assertion; readonly next: number }
  | { readonly kind: "split"; readonly next: readonly number[] }
  | { readonly kind: "end" };

/** More steps than this are refused: the work for a text is at most its length times the number of steps. */
const MAX_STEPS = 20_000;
const MAX_LENGTH = 10_000;
/** Repetitions of nothing make no steps, but take their time to read. */
const MAX_NODES = 200_000;

/**
 * A pattern for whole topic names in RE2's syntax. Matching follows all ways through the pattern at the same
 * time, so that no pattern can hold the broker up.
 */
export class TopicPattern {
  readonly #steps: Step[] = [{ kind: "end" }];
  readonly #first: number;
  #nodes = 0;

  /** Throws InvalidPattern. */
  constructor(text: string) {
    if (text.length > MAX_LENGTH) throw new InvalidPattern("it is too long");
    this.#first = this.#compile(parsePattern(text), 0);
  }

  #add(step: Step): number {
    if (this.#steps.length >= MAX_STEPS) throw new InvalidPattern("it is too large");
    return this.#steps.push(step) - 1;
  }

  /** Adds the steps of a node that go on at `next`; returns where they begin. */
  #compile(node: Node, next: number): number {
    if (++this.#nodes > MAX_NODES) throw new InvalidPattern("it is too large");
    switch (node.kind) {
      case "empty":
        return next;
      case "char":
        return this.#add({ kind: "char", matches: node.matches, next });
      case "assert":
        return this.#add({ kind: "assert", holds: node.holds, next });
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case "choice":
        return this.#add({
          kind: "split",
          next: node.options.map((option) => this.#compile(option, next)),
        });
      case "repeat":
        return this.#compileRepeat(node.of, node.min, node.max, next);
    }
  }

  #compileRepeat(of: Node, min: number, max: number, next: number): number {
    let after = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: number[] = [];
      const split = this.#add({ kind: "split", next: loop });
      loop.push(this.#compile(of, split), next);
      after = split;
    } else {
      for (let count = min; count < max; count++) {
        after = this.#add({ kind: "split", next: [this.#compile(of, after), next] });
      }
    }
    for (let count = 0; count < min; count++) after = this.#compile(of, after);
    return after;
  }

  /** True if the whole text matches. */
  matches(text: string): boolean {
    const chars = [...text];
    let current = this.#reach([this.#first], undefined, chars[0]);
    for (const [index, char] of chars.entries()) {
      const next: number[] = [];
      for (const at of current) {
        const step = this.#steps[at];
        if (step?.kind === "char" && step.matches(char)) next.push(step.next);
      }
      if (next.length === 0) return false;
      current = this.#reach(next, char, chars[index + 1]);
    }
    return [...current].some((at) => this.#steps[at]?.kind === "end");
  }

  /** All steps that can be reached without a character, between the two given ones. */
  #reach(from: readonly number[], before: string | undefined, after: string | undefined): Set<number> {
    const reached = new Set<number>();
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      const step = this.#steps[at];
      if (step?.kind === "split") open.push(...step.next);
      if (step?.kind === "assert" && step.holds(before, after)) open.push(step.next);
    }
    return reached;
  }
}
