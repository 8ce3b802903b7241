import { once } from "node:events";

/** Standard output for data: in order, at the reader's pace, and quiet when the reader has seen enough. */
class Output {
  #buffered: string[] = [];
  #bufferedLength = 0;

  /** Adds text; resolves when more may come. */
  async write(text: string): Promise<void> {
    this.#buffered.push(text);
    this.#bufferedLength += text.length;
    if (this.#bufferedLength >= CHUNK_LENGTH) await this.#send();
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** Resolves once all that was written has left this process. */
  async flush(): Promise<void> {
    await this.#send();
    if (process.stdout.writableLength > 0) await once(process.stdout, "drain");
  }

  /** `candlewick decode ... | head` ends when head has enough: that is no error. */
  endQuietlyWithoutReader(): void {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
    process.stderr.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }

  async #send(): Promise<void> {
    if (this.#bufferedLength === 0) return;
    const text = this.#buffered.join("");
    this.#buffered = [];
    this.#bufferedLength = 0;
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }
}

const CHUNK_LENGTH = 64 * 1024;

export const output = new Output();

/** A line for the person at the terminal, beside the data. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
