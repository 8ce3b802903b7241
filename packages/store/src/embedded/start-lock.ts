import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { CandlewickError, ERRORS, systemClock } from "@candlewick/runtime";
import { processExists } from "./server-state.ts";

const WAIT_MS = 30_000;
const RETRY_MS = 50;

/**
 * Only one process at a time may start, adopt or tidy up the server of a data folder. On Linux the lock is an
 * abstract socket, which the kernel frees however its holder dies; elsewhere a file with the holder's number.
 * Resolves to the function that lets go. Rejects with DATA_DIR_LOCKED after 30 s.
 */
export async function takeStartLock(root: string): Promise<() => void> {
  const take = process.platform === "linux" ? takeSocket : takeFile;
  for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += RETRY_MS) {
    const release = await take(root);
    if (release !== null) return release;
    await systemClock.delay(RETRY_MS);
  }
  throw new CandlewickError(
    ERRORS.dataDirLocked,
    `another process has been starting the database in ${root} for ${WAIT_MS / 1000} s`,
    "wait for it or stop it, then try again",
  );
}

function takeSocket(root: string): Promise<(() => void) | null> {
  const name = `\0candlewick-${createHash("sha256").update(root).digest("hex").slice(0, 40)}`;
  return new Promise((resolve, reject) => {
    const server: Server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen(name, () => resolve(() => server.close()));
    server.unref();
  });
}

async function takeFile(root: string): Promise<(() => void) | null> {
  const file = path.join(root, "start.lock");
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return () => rmSync(file, { force: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if (!processExists(Number(readFileSync(file, "utf8")))) rmSync(file, { force: true });
    return null;
  }
}
