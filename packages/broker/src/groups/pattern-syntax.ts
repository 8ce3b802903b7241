/** A regular expression as a tree. */
export type Node =
  | { readonly kind: "empty" }
  | { readonly kind: "char"; readonly matches: (char: string) => boolean }
  | { readonly kind: "assert"; readonly holds: Assertion }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly min: number; readonly max: number };

/** A condition on a place between two characters; undefined stands for the beginning and the end of the text. */
export type Assertion = (before: string | undefined, after: string | undefined) => boolean;

/** The text is no regular expression of RE2's syntax. */
export class InvalidPattern extends Error {
  override readonly name = "InvalidPattern";
}

/** RE2's own bound on the numbers in braces. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 100;

interface Flags {
  readonly ignoresCase: boolean;
  readonly isMultiline: boolean;
  readonly dotTakesNewline: boolean;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  d: /[0-9]/,
  w: /[0-9A-Za-z_]/,
  s: /[\t\n\f\r ]/,
};
const POSIX: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /\p{ASCII}/u,
  blank: /[\t ]/,
  cntrl: /(?=\p{ASCII})\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};
const CONTROLS: Readonly<Record<string, string>> = {
  a: "\x07",
  f: "\f",
  t: "\t",
  n: "\n",
  r: "\r",
  v: "\v",
};

const isWord = (char: string | undefined): boolean => char !== undefined && /[0-9A-Za-z_]/.test(char);
const atWordEdge: Assertion = (before, after) => isWord(before) !== isWord(after);
const atBegin: Assertion = (before) => before === undefined;
const atEnd: Assertion = (_before, after) => after === undefined;

/**
 * Reads the syntax of RE2 (github.com/google/re2/wiki/Syntax), which the new group protocol prescribes for
 * subscriptions: no back references and nothing that looks around, so that matching takes linear time. Throws
 * InvalidPattern.
 */
export function parsePattern(text: string): Node {
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoresCase: false, isMultiline: false, dotTakesNewline: false };

  constructor(text: string) {
    this.#chars = [...text];
  }

  whole(): Node {
    const node = this.#choice();
    if (this.#at < this.#chars.length) throw new InvalidPattern("a ) without its (");
    return node;
  }

  #peek(ahead = 0): string | undefined {
    return this.#chars[this.#at + ahead];
  }

  #take(): string {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw new InvalidPattern("it ends too early");
    return char;
  }

  #accept(text: string): boolean {
    const wanted = [...text];
    if (!wanted.every((char, index) => this.#peek(index) === char)) return false;
    this.#at += wanted.length;
    return true;
  }

  #choice(): Node {
    const options = [this.#sequence()];
    while (this.#accept("|")) options.push(this.#sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (let isFirst = true; ; isFirst = false) {
      const bounds = this.#bounds();
      if (bounds === undefined) return node;
      if (!isFirst) throw new InvalidPattern("a repetition of a repetition");
      // Lazy or not: the same texts match.
      this.#accept("?");
      node = { kind: "repeat", of: node, min: bounds[0], max: bounds[1] };
    }
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#accept("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#accept("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#accept("?")) return [0, 1];
    const braces = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
    if (braces === null) return undefined;
    const [whole, first, comma, last] = braces;
    const min = Number(first);
    const max = comma === undefined ? min : last === "" ? Number.POSITIVE_INFINITY : Number(last);
    const isTooLarge = min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY);
    if (isTooLarge || max < min) throw new InvalidPattern(`the repetition ${whole}`);
    this.#at += whole.length;
    return [min, max];
  }

  #atom(): Node {
    const char = this.#take();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "char", matches: this.#set() };
      case ".": {
        const { dotTakesNewline } = this.#flags;
        return { kind: "char", matches: (given) => dotTakesNewline || given !== "\n" };
      }
      case "^":
        return { kind: "assert", holds: this.#flags.isMultiline ? atLineBegin : atBegin };
      case "$":
        return { kind: "assert", holds: this.#flags.isMultiline ? atLineEnd : atEnd };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw new InvalidPattern(`nothing before ${char}`);
      default:
        return this.#literal(char);
    }
  }

  #literal(char: string): Node {
    if (!this.#flags.ignoresCase) return { kind: "char", matches: (given) => given === char };
    const lower = char.toLowerCase();
    return { kind: "char", matches: (given) => given.toLowerCase() === lower };
  }

  #group(): Node {
    if (++this.#depth > MAX_DEPTH) throw new InvalidPattern("too many groups inside each other");
    const before = this.#flags;
    if (this.#accept("?")) {
      if (this.#accept("P<") || (this.#peek() === "<" && this.#peek(1) !== "=" && this.#peek(1) !== "!")) {
        this.#accept("<");
        this.#name();
      } else if (this.#changeFlags()) {
        this.#depth--;
        return { kind: "empty" };
      }
    }
    const node = this.#choice();
    if (!this.#accept(")")) throw new InvalidPattern("a ( without its )");
    this.#flags = before;
    this.#depth--;
    return node;
  }

  #name(): void {
    const start = this.#at;
    while (this.#peek() !== ">") {
      if (!isWord(this.#take())) throw new InvalidPattern("the name of a group");
    }
    if (this.#at === start) throw new InvalidPattern("a group without its name");
    this.#at++;
  }

  /** Reads flags behind "(?"; true where they hold for the rest of the group around and no group begins. */
  #changeFlags(): boolean {
    let isOn = true;
    for (;;) {
      const flag = this.#take();
      if (flag === ")") return true;
      if (flag === ":") return false;
      if (flag === "-") isOn = false;
      else if (flag === "i") this.#flags = { ...this.#flags, ignoresCase: isOn };
      else if (flag === "m") this.#flags = { ...this.#flags, isMultiline: isOn };
      else if (flag === "s") this.#flags = { ...this.#flags, dotTakesNewline: isOn };
      else if (flag !== "U") throw new InvalidPattern(`the flag ${flag}`);
    }
  }

  #escape(): Node {
    const char = this.#take();
    switch (char) {
      case "A":
        return { kind: "assert", holds: atBegin };
      case "z":
        return { kind: "assert", holds: atEnd };
      case "b":
        return { kind: "assert", holds: atWordEdge };
      case "B":
        return { kind: "assert", holds: (before, after) => !atWordEdge(before, after) };
      case "Q": {
        const parts: Node[] = [];
        while (this.#peek() !== undefined && !this.#accept("\\E")) parts.push(this.#literal(this.#take()));
        return { kind: "sequence", parts };
      }
      default: {
        const set = this.#namedSet(char);
        return set === undefined ? this.#literal(this.#escapedChar(char)) : { kind: "char", matches: set };
      }
    }
  }

  /** \d and the like, and Unicode's classes. */
  #namedSet(char: string): ((char: string) => boolean) | undefined {
    const simple = CLASSES[char.toLowerCase()];
    if (simple !== undefined) {
      const isNegated = char !== char.toLowerCase();
      return (given) => simple.test(given) !== isNegated;
    }
    if (char !== "p" && char !== "P") return undefined;
    let name = this.#take();
    let isNegated = char === "P";
    if (name === "{") {
      name = "";
      if (this.#accept("^")) isNegated = !isNegated;
      while (!this.#accept("}")) name += this.#take();
    }
    const known = unicodeClass(name);
    return (given) => known.test(given) !== isNegated;
  }

  #escapedChar(char: string): string {
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (char === "x") return this.#hex();
    if (/[0-7]/.test(char)) {
      const rest = /^[0-7]{0,2}/.exec(this.#chars.slice(this.#at, this.#at + 2).join(""))?.[0] ?? "";
      // Without a zero before it this would be a reference to a group.
      if (char !== "0" && rest.length === 0) throw new InvalidPattern("a reference to a group");
      this.#at += rest.length;
      return String.fromCharCode(Number.parseInt(char + rest, 8));
    }
    if (/[0-9A-Za-z]/.test(char)) throw new InvalidPattern(`the escape \\${char}`);
    return char;
  }

  #hex(): string {
    const found = /^(?:\{([\da-fA-F]{1,6})\}|([\da-fA-F]{2}))/.exec(
      this.#chars.slice(this.#at, this.#at + 8).join(""),
    );
    const code = Number.parseInt(found?.[1] ?? found?.[2] ?? "", 16);
    if (found === null || code > 0x10_ffff) throw new InvalidPattern("a character by its number");
    this.#at += found[0].length;
    return String.fromCodePoint(code);
  }

  /** A set in brackets, behind its "[". */
  #set(): (char: string) => boolean {
    const isNegated = this.#accept("^");
    const { ignoresCase } = this.#flags;
    const tests: ((char: string) => boolean)[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== "]"; isFirst = false) {
      tests.push(this.#setMember());
    }
    this.#at++;
    const holds = (char: string): boolean => tests.some((test) => test(char));
    return (char) => {
      const isIn = holds(char) || (ignoresCase && (holds(char.toLowerCase()) || holds(char.toUpperCase())));
      return isIn !== isNegated;
    };
  }

  #setMember(): (char: string) => boolean {
    if (this.#accept("[:")) {
      const isNegated = this.#accept("^");
      let name = "";
      while (!this.#accept(":]")) name += this.#take();
      const known = POSIX[name];
      if (known === undefined) throw new InvalidPattern(`the class [:${name}:]`);
      return (char) => known.test(char) !== isNegated;
    }
    const low = this.#setChar();
    if (typeof low === "function") return low;
    const isRange = this.#peek() === "-" && this.#peek(1) !== "]" && this.#peek(1) !== undefined;
    if (!isRange) return (char) => char === low;
    this.#at++;
    const high = this.#setChar();
    if (typeof high === "function" || order(high) < order(low))
      throw new InvalidPattern("a range in brackets");
    return (char) => order(char) >= order(low) && order(char) <= order(high);
  }

  #setChar(): string | ((char: string) => boolean) {
    const char = this.#take();
    if (char !== "\\") return char;
    const escaped = this.#take();
    return this.#namedSet(escaped) ?? this.#escapedChar(escaped);
  }
}

const atLineBegin: Assertion = (before) => before === undefined || before === "\n";
const atLineEnd: Assertion = (_before, after) => after === undefined || after === "\n";

function order(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function unicodeClass(name: string): RegExp {
  if (!/^\w+$/.test(name)) throw new InvalidPattern("a class of Unicode");
  for (const property of [name, `Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${property}}$`, "u");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  throw new InvalidPattern(`the class of Unicode ${name}`);
}
