import { Worker } from "node:worker_threads";
import type { Slot } from "@candlewick/domain";
import { BlockFileError } from "./block-file.ts";
import { DecodeError } from "./decode-error.ts";
import type { BlockFormat } from "./solana/block-format.ts";
import type { DecodedBlock } from "./solana/decode-block.ts";

/** What a thread is given of a block: its bytes, or the file that it is to read itself. */
export type DecodeInput =
  | { readonly kind: "bytes"; readonly format: BlockFormat; readonly bytes: Uint8Array }
  | { readonly kind: "file"; readonly path: string; readonly maxBytes: number };

/** One block on its way to a thread. */
export interface DecodeJob {
  readonly number: number;
  readonly slot: number;
  readonly input: DecodeInput;
}

/** What a thread answers. */
export type DecodeAnswer =
  | { readonly number: number; readonly decoded: DecodedBlock }
  | {
      readonly number: number;
      readonly failure: { readonly name: string; readonly message: string; readonly stack: string };
    };

/** Decodes blocks in threads of their own, so that the event loop has its time for everything else. */
export interface DecodePool {
  /**
   * Decodes a block as `decodeBlock` does; rejects with the same DecodeError. Blocks are taken in the order of
   * the calls, by as many threads as there are. `transfer`: the bytes may be moved to the thread rather than
   * copied; they are empty here from then on.
   */
  decode(
    format: BlockFormat,
    bytes: Uint8Array,
    slot: Slot,
    options?: { transfer?: boolean },
  ): Promise<DecodedBlock>;
  /**
   * Reads and decodes a block file, inflated where its name ends in .gz or .zst, in the thread: its bytes are
   * never here. Rejects with a BlockFileError where it cannot be read or has more than `maxBytes`, inflated, and
   * with a DecodeError where it holds no block.
   */
  decodeFile(path: string, maxBytes: number, slot: Slot): Promise<DecodedBlock>;
  /** Ends the threads; what was not decoded by then is rejected. */
  close(): Promise<void>;
}

export interface DecodePoolOptions {
  /** At least one. Two share the work of catching up well; at the live edge one has little to do. */
  readonly workers: number;
  /** How many blocks may wait for a thread; one more is refused. Default 64. */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly job: DecodeJob;
  readonly resolve: (decoded: DecodedBlock) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** In the order in which it takes them. */
  readonly busy: Waiting[];
}

/** Blocks that a thread has at hand: with the next one there, it need not wait until the loop has time for it. */
const AT_HAND = 2;

/** Starts the threads. Throws a RangeError for less than one. */
export function openDecodePool({ workers, maxWaiting = 64 }: DecodePoolOptions): DecodePool {
  if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`a pool of ${workers} threads`);
  return new ThreadPool(workers, maxWaiting);
}

class ThreadPool implements DecodePool {
  readonly #threads: Thread[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #maxWaiting: number;
  #jobs = 0;
  #closed = false;
  #deaths = 0;

  constructor(workers: number, maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
    for (let started = 0; started < workers; started++) this.#threads.push(this.#start());
  }

  async decode(
    format: BlockFormat,
    bytes: Uint8Array,
    slot: Slot,
    { transfer = false }: { transfer?: boolean } = {},
  ): Promise<DecodedBlock> {
    const whole = bytes.byteLength === bytes.buffer.byteLength;
    // A view that is sent takes all the memory with it that it is a view of: a part is copied out first.
    const sent = () => (transfer && whole ? bytes : new Uint8Array(bytes));
    return await this.#queue(slot, () => ({ kind: "bytes", format, bytes: sent() }));
  }

  async decodeFile(path: string, maxBytes: number, slot: Slot): Promise<DecodedBlock> {
    return await this.#queue(slot, () => ({ kind: "file", path, maxBytes }));
  }

  async #queue(slot: Slot, input: () => DecodeInput): Promise<DecodedBlock> {
    if (this.#closed) throw new Error("the decode pool is closed");
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new Error(`${this.#waiting.length} blocks wait to be decoded already`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<DecodedBlock>();
    this.#waiting.push({ job: { number: this.#jobs++, slot, input: input() }, resolve, reject });
    this.#hand();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#waiting.splice(0), ...this.#threads.flatMap(({ busy }) => busy.splice(0))];
    for (const { reject } of open) reject(new Error("the decode pool was closed"));
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  /** Gives the next blocks to the threads that have the fewest. */
  #hand(): void {
    for (let held = 0; held < AT_HAND; held++) {
      for (const thread of this.#threads) {
        if (thread.busy.length !== held) continue;
        const next = this.#waiting.shift();
        if (next === undefined) return;
        give(thread, next);
      }
    }
  }

  #start(): Thread {
    const isSource = import.meta.url.endsWith(".ts");
    const worker = new Worker(new URL(`./decode-worker.${isSource ? "ts" : "js"}`, import.meta.url), {
      ...(isSource ? { execArgv: ["--conditions=candlewick-src"] } : {}),
    });
    const thread: Thread = { worker, busy: [] };
    worker.on("message", (answer: DecodeAnswer) => this.#take(thread, answer));
    worker.on("error", (error) => this.#replace(thread, error));
    worker.on("exit", (code) =>
      this.#replace(thread, new Error(`a decoding thread ended with code ${code}`)),
    );
    worker.unref();
    return thread;
  }

  #take(thread: Thread, answer: DecodeAnswer): void {
    const done = thread.busy[0];
    this.#deaths = 0;
    if (done === undefined || done.job.number !== answer.number) return;
    thread.busy.shift();
    if (thread.busy.length === 0) thread.worker.unref();
    if ("decoded" in answer) done.resolve(answer.decoded);
    else done.reject(errorOf(answer.failure));
    this.#hand();
  }

  #failWith(reason: Error): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  /** A thread that died takes the blocks with it that it had, and nothing else. */
  #replace(thread: Thread, error: unknown): void {
    const at = this.#threads.indexOf(thread);
    if (at === -1) return;
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of thread.busy.splice(0)) reject(reason);
    this.#deaths++;
    if (this.#deaths <= MAX_DEATHS) this.#threads[at] = this.#start();
    else {
      // Threads that die one after the other would die for ever.
      this.#threads.splice(at, 1);
      if (this.#threads.length === 0) this.#failWith(reason);
    }
    this.#hand();
  }
}

/** How many threads in a row may die without having decoded anything. */
const MAX_DEATHS = 8;

function give(thread: Thread, next: Waiting): void {
  thread.busy.push(next);
  // Only a thread that has nothing to do may be left behind by a process that ends.
  thread.worker.ref();
  const { input } = next.job;
  const buffer = input.kind === "bytes" ? input.bytes.buffer : null;
  thread.worker.postMessage(next.job, buffer instanceof ArrayBuffer ? [buffer] : []);
}

function errorOf({ name, message, stack }: { name: string; message: string; stack: string }): Error {
  if (name === "DecodeError") return new DecodeError(message);
  if (name === "BlockFileError") return new BlockFileError(message);
  const error = new Error(message);
  error.name = name;
  error.stack = stack;
  return error;
}
