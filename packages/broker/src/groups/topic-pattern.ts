import { type Assertion, InvalidPattern, type Node, parsePattern } from "./pattern-syntax.ts";

export { InvalidPattern } from "./pattern-syntax.ts";

type Step =
  | { readonly kind: "char"; readonly matches: (char: string) => boolean; readonly next: number }
  | { readonly kind: "assert"; readonly holds: Assertion; readonly next: number }
  | { readonly kind: "split"; readonly next: readonly number[] }
  | { readonly kind: "end" };

/** The step that stands for the end of the pattern. */
const END = 0;
/** More steps than this are refused: the work for a text is at most its length times the number of steps. */
const MAX_STEPS = 2000;
const MAX_LENGTH = 2000;
/** Repetitions of nothing make no steps, but take their time to read. */
const MAX_NODES = 20_000;

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
    this.#first = this.#compile(parsePattern(text), END);
  }

  /** How many steps it has: the work for one character is at most this. */
  get size(): number {
    return this.#steps.length;
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
    const begin = new StepSet(this.#steps.length);
    begin.add(this.#first);
    let current = this.#reach(begin, undefined, chars[0]);
    let spare = new StepSet(this.#steps.length);
    for (const [index, char] of chars.entries()) {
      spare.clear();
      for (let place = 0; place < current.size; place++) {
        const step = this.#steps[current.at(place)];
        if (step?.kind === "char" && step.matches(char)) spare.add(step.next);
      }
      if (spare.size === 0) return false;
      [current, spare] = [this.#reach(spare, char, chars[index + 1]), current];
    }
    return current.has(END);
  }

  /** Adds all steps that can be reached without a character, between the two given ones. */
  #reach(steps: StepSet, before: string | undefined, after: string | undefined): StepSet {
    for (let place = 0; place < steps.size; place++) {
      const step = this.#steps[steps.at(place)];
      if (step?.kind === "split") for (const next of step.next) steps.add(next);
      if (step?.kind === "assert" && step.holds(before, after)) steps.add(step.next);
    }
    return steps;
  }
}

/** Numbers of steps in the order in which they came, each once; cleared without touching them all. */
class StepSet {
  readonly #order: Uint32Array;
  readonly #round: Uint32Array;
  #current = 1;
  size = 0;

  constructor(capacity: number) {
    this.#order = new Uint32Array(capacity);
    this.#round = new Uint32Array(capacity);
  }

  add(step: number): void {
    if (this.#round[step] === this.#current) return;
    this.#round[step] = this.#current;
    this.#order[this.size++] = step;
  }

  has(step: number): boolean {
    return this.#round[step] === this.#current;
  }

  at(place: number): number {
    return this.#order[place] ?? END;
  }

  clear(): void {
    this.#current++;
    this.size = 0;
  }
}
