import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cradle } from "./crash-run.ts";

const SCRIPT = new URL("../broker-process.ts", import.meta.url);

/** Brokers in processes of their own, ended by SIGKILL. */
export function kills(): Cradle {
  const dataDir = mkdtempSync(join(tmpdir(), "broker-crash-"));
  let child: ChildProcess | undefined;
  const end = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    kind: "kills",
    async start() {
      child = fork(SCRIPT, [dataDir, "4096"], { execArgv: ["--conditions=candlewick-src"] });
      const [port] = (await once(child, "message")) as [number];
      return { port, crash: end };
    },
    async stop() {
      await end();
      rmSync(dataDir, { recursive: true });
    },
  };
}
