import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { readRunning } from "../running-up.ts";
import { type CheckResult, fail, ok, warn } from "./check.ts";

const GIB = 1024 ** 3;
const MIN_FREE_BYTES = 0.25 * GIB;
const GOOD_FREE_BYTES = 2 * GIB;

/** Whether files can be written and synced in the data folder, or in the nearest folder above that exists. */
export function checkDataDir(dataDir: string): CheckResult {
  const folder = nearestFolder(dataDir);
  if (folder === null)
    return fail("data folder", `${dataDir} is below a file`, "Name another folder with --data");
  const probe = join(folder, `.candlewick-${randomUUID()}`);
  try {
    const file = openSync(probe, "wx");
    try {
      writeSync(file, "probe");
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return fail(
      "data folder",
      `${folder} cannot be written (${code})`,
      "Correct its owner, or name another with --data",
    );
  }
  return ok("data folder", folder === dataDir ? dataDir : `${dataDir} (to be made)`);
}

export function checkDisk(dataDir: string): CheckResult {
  const folder = nearestFolder(dataDir);
  if (folder === null) return warn("disk space", "not known", "Name another folder with --data");
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  const found = `${(freeBytes / GIB).toFixed(1)} GiB free`;
  if (freeBytes >= GOOD_FREE_BYTES) return ok("disk space", found);
  const advice = `Free some: a day of all swaps needs several GiB`;
  return freeBytes >= MIN_FREE_BYTES ? warn("disk space", found, advice) : fail("disk space", found, advice);
}

function nearestFolder(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found.isDirectory() ? path : null;
  const parent = dirname(path);
  return parent === path ? null : nearestFolder(parent);
}

/** Whether a port of 127.0.0.1 is free; taken by the `up` of this folder is as good. */
export async function checkPort(port: number, dataDir: string): Promise<CheckResult> {
  const name = `port ${port}`;
  if (await isFree(port)) return ok(name, "free");
  const running = readRunning(dataDir);
  if (running !== null && URL.parse(running.http)?.port === String(port)) {
    return ok(name, `used by the candlewick that runs on ${dataDir} (pid ${running.pid})`);
  }
  return fail(name, "in use", "Stop what uses it, or choose another with --port");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
