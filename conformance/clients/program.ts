import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** One line of a client program; README.md tells which programs say what. */
export interface Report {
  readonly value?: string;
  readonly partition?: number;
  readonly offset?: number;
  /** The partitions that the member owns from now on. */
  readonly assigned?: readonly number[];
  readonly produced?: number;
  /** What a fenced producer was told; null where nobody stopped it. */
  readonly fenced?: string | null;
}

/** What the programs are asked to do, as a JSON object behind the name of the command. */
export type Task = Readonly<Record<string, string | number | boolean>>;

const DEADLINE_MS = 90_000;
const ERROR_LENGTH = 600;

/** A client at work in a process of its own. */
export class Program {
  readonly reports: Report[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #title: string;
  readonly #ended: Promise<string>;
  #errors = "";
  #wake: () => void = () => {};
  #isOver = false;

  constructor(command: readonly string[], name: string, task: Task) {
    const [file = "", ...first] = command;
    this.#title = `${name} ${JSON.stringify(task)}`;
    this.#child = spawn(file, [...first, name, JSON.stringify(task)], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-ERROR_LENGTH);
    });
    // Whoever is gone cannot be told to stop, and that shows in how it ended.
    this.#child.stdin.on("error", () => {});
    const lines = createInterface(this.#child.stdout);
    lines.on("line", (line) => {
      this.reports.push(readReport(line));
      this.#wake();
    });
    const allRead = once(lines, "close");
    this.#ended = once(this.#child, "exit").then(async ([code, signal]: unknown[]) => {
      await allRead;
      this.#isOver = true;
      this.#wake();
      return String(code ?? signal);
    });
  }

  /** The values of the records that it has read so far, in the order in which it read them. */
  get values(): string[] {
    return this.reports.flatMap(({ value }) => (value === undefined ? [] : [value]));
  }

  /** The partitions that it owns by its last word. */
  get assigned(): readonly number[] {
    return this.reports.findLast(({ assigned }) => assigned !== undefined)?.assigned ?? [];
  }

  /** Resolves with its reports when it ended well. Throws with its last words otherwise. */
  async done(): Promise<readonly Report[]> {
    await this.#within(this.#ended, "did not end");
    const status = await this.#ended;
    if (status !== "0") throw new Error(`${this.#title} ended with ${status}: ${this.#errors.trim()}`);
    return this.reports;
  }

  /** Asks a member to commit, leave its group and end. */
  async stop(): Promise<void> {
    this.#child.stdin.write("stop\n");
    await this.done();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Resolves once the condition holds; it is looked at after every report. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const met = async (): Promise<void> => {
      while (!holds()) {
        if (this.#isOver) throw new Error(`${this.#title} ended before ${what}: ${this.#errors.trim()}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    await this.#within(met(), `waited in vain for ${what}`);
  }

  async #within(work: Promise<unknown>, complaint: string): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`${this.#title} ${complaint}: ${this.#errors.trim()}`)),
      DEADLINE_MS,
    );
    try {
      await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function readReport(line: string): Report {
  try {
    return JSON.parse(line) as Report;
  } catch {
    throw new Error(`a client program printed something else than JSON: ${line}`);
  }
}
