import { Worker } from "node:worker_threads";
import { ContractError } from "@candlewick/contracts";
import { CandlewickError, type ErrorKind } from "@candlewick/runtime";
import { badOptions } from "../delivery/delivery-errors.ts";
import type { RunTicket } from "../delivery/delivery-events.ts";
import type { ConsumedRecord } from "../record/message.ts";
import type { HandlerContext } from "./consumer-options.ts";
import { recordOf } from "./handler-call.ts";

/** What a thread is sent: one record, by value. */
export interface ThreadTask {
  readonly id: number;
  readonly record: ConsumedRecord;
  readonly attempt: number;
}

/** How a task went; errors travel by what they say. */
export type ThreadAnswer =
  | { readonly kind: "ready" }
  | { readonly id: number; readonly kind: "done" }
  | { readonly id: number; readonly kind: "failed"; readonly error: CarriedError };

export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly path: string | undefined;
  readonly kind: ErrorKind | null;
  readonly advice: string | undefined;
}

interface Thread {
  readonly worker: Worker;
  /** Resolves when the module is loaded. */
  readonly ready: Promise<void>;
  readonly tasks: Map<number, PromiseWithResolvers<void>>;
}

/**
 * Runs a handler module in threads. A thread that dies fails what it had in hand, as an unknown failure, and
 * is replaced with the next task.
 */
export class ThreadPool {
  readonly #module: URL;
  readonly #size: number;
  readonly #threads: Thread[] = [];
  #nextId = 0;
  #closed = false;

  constructor(module: URL, size: number) {
    this.#module = module;
    this.#size = size;
  }

  /**
   * Starts the first thread. Throws BAD_CONSUMER_OPTIONS where it cannot load the module: found with the first
   * record, that would send all records to their retry topics.
   */
  async prepare(): Promise<void> {
    try {
      await this.#start().ready;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const what = `The handler's module ${this.#module.href} cannot be used (${reason}).`;
      throw badOptions(what, "Correct its URL, or mend the module: its default export is the handler.");
    }
  }

  async call({ entries }: RunTicket, context: HandlerContext): Promise<void> {
    const [entry] = entries;
    if (entry === undefined) return;
    const thread = this.#leastBusy();
    const id = this.#nextId++;
    const task = Promise.withResolvers<void>();
    thread.tasks.set(id, task);
    const record = detached(recordOf(entry));
    const message: ThreadTask = { id, record, attempt: context.attempt };
    thread.worker.postMessage(message);
    return task.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Thread {
    if (this.#closed) throw new Error("the threads are closed");
    let best = this.#threads.reduce<Thread | undefined>(
      (least, thread) => (least === undefined || thread.tasks.size < least.tasks.size ? thread : least),
      undefined,
    );
    const isBusy = best === undefined || best.tasks.size > 0;
    if (isBusy && this.#threads.length < this.#size) best = this.#start();
    return best ?? this.#start();
  }

  #start(): Thread {
    // Run from its sources or as it was built: the thread's module stands beside this one.
    const isSource = import.meta.url.endsWith(".ts");
    const worker = new Worker(new URL(`./handler-thread.${isSource ? "ts" : "js"}`, import.meta.url), {
      workerData: { module: this.#module.href },
      ...(isSource ? { execArgv: ["--conditions=candlewick-src"] } : {}),
    });
    const loaded = Promise.withResolvers<void>();
    loaded.promise.catch(() => {});
    const thread: Thread = { worker, ready: loaded.promise, tasks: new Map() };
    worker.on("message", (answer: ThreadAnswer) => {
      if (answer.kind === "ready") return loaded.resolve();
      const task = thread.tasks.get(answer.id);
      thread.tasks.delete(answer.id);
      if (answer.kind === "done") task?.resolve();
      else task?.reject(revive(answer.error));
    });
    const end = (reason: Error): void => {
      loaded.reject(reason);
      const index = this.#threads.indexOf(thread);
      if (index >= 0) this.#threads.splice(index, 1);
      for (const task of thread.tasks.values()) task.reject(reason);
      thread.tasks.clear();
    };
    worker.on("error", (error) => end(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", (code) => end(new Error(`the handler's thread ended with code ${code}`)));
    this.#threads.push(thread);
    return thread;
  }
}

/** Copies: a view that is sent to a thread takes all the memory with it that it is a view of. */
function detached(record: ConsumedRecord): ConsumedRecord {
  const copy = (bytes: Buffer): Buffer => Buffer.from(new Uint8Array(bytes).buffer);
  return {
    ...record,
    key: record.key === null ? null : copy(record.key),
    value: record.value === null ? null : copy(record.value),
    headers: new Map([...record.headers].map(([name, value]) => [name, copy(value)] as const)),
  };
}

/** An error in a form that another thread can be sent. */
export function carry(error: unknown): CarriedError {
  const known = error instanceof Error ? error : new Error(String(error));
  const { name, message, stack } = known;
  const isCatalogued = known instanceof CandlewickError;
  return {
    name,
    message,
    stack,
    path: known instanceof ContractError ? known.path : undefined,
    kind: isCatalogued ? { code: known.code, retry: known.retry, fault: known.fault } : null,
    advice: isCatalogued ? known.advice : undefined,
  };
}

function revive({ name, message, stack, path, kind, advice }: CarriedError): Error {
  let error: Error;
  if (kind !== null) error = new CandlewickError(kind, message, advice ?? "");
  else if (path !== undefined) error = new ContractError(path, message.slice(path.length + 2));
  else {
    error = new Error(message);
    error.name = name;
  }
  if (stack !== undefined) error.stack = stack;
  return error;
}
