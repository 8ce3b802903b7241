import { parentPort, workerData } from "node:worker_threads";
import type { ConsumedRecord } from "../record/message.ts";
import { carry, type ThreadAnswer, type ThreadTask } from "./thread-pool.ts";

/** What runs in each thread of a ThreadPool: loads the handler's module and calls it for each task. */
type ThreadHandler = (record: ConsumedRecord, context: { readonly attempt: number }) => void | Promise<void>;

const port = parentPort;
if (port === null) throw new Error("this module runs in a thread");
const { default: handler } = (await import(workerData.module)) as { default: ThreadHandler };
if (typeof handler !== "function") throw new Error("it has no default export that is a function");

port.on("message", async ({ id, record, attempt }: ThreadTask) => {
  let answer: ThreadAnswer = { id, kind: "done" };
  try {
    await handler(asBuffers(record), { attempt });
  } catch (error) {
    answer = { id, kind: "failed", error: carry(error) };
  }
  port.postMessage(answer);
});

const ready: ThreadAnswer = { kind: "ready" };
port.postMessage(ready);

/** A Buffer arrives as the plain bytes that it is made of. */
function asBuffers(record: ConsumedRecord): ConsumedRecord {
  const headers = new Map([...record.headers].map(([name, value]) => [name, asBuffer(value)] as const));
  return {
    ...record,
    key: record.key === null ? null : asBuffer(record.key),
    value: record.value === null ? null : asBuffer(record.value),
    headers,
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
