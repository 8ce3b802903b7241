import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./ingest-process.ts", import.meta.url));

/** What a process of ingest is given. */
export interface LifeOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly connection: unknown;
  readonly brokers: readonly string[];
  readonly logFile: string;
}

/** A running process of ingest. */
export class Life {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | string>;
  #out = "";

  constructor(options: LifeOptions) {
    const { logFile, ...given } = options;
    this.#child = spawn(process.execPath, ["--conditions=candlewick-src", SCRIPT], {
      env: { ...process.env, CHAOS_INGEST: JSON.stringify(given) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(logFile, { flags: "a" });
    this.#child.stderr?.pipe(log);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      if (!text.startsWith("[")) log.write(text);
    });
    this.ended = once(this.#child, "close").then(([code, signal]) => code ?? signal);
  }

  get out(): string {
    return this.#out;
  }

  /** Ends it as a crash of the machine would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** Ends it in order; resolves to its exit code. */
  async stop(): Promise<number | string> {
    this.#child.kill("SIGTERM");
    return await this.ended;
  }
}
