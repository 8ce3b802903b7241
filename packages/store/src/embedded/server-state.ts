import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import path from "node:path";

/** What a server writes about itself into `postmaster.pid` (PostgreSQL, miscadmin.h: LOCK_FILE_LINE_*). */
export interface ServerPidFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  /** `ready`, `starting`, `stopping`, `standby`; empty where the server has not written it yet. */
  readonly status: string;
}

/** Reads a cluster's `postmaster.pid`; undefined where there is none. */
export function readPidFile(cluster: string): ServerPidFile | undefined {
  let text: string;
  try {
    text = readFileSync(path.join(cluster, "postmaster.pid"), "utf8");
  } catch {
    return undefined;
  }
  const lines = text.split("\n").map((line) => line.trim());
  return {
    pid: Math.abs(Number(lines[0])),
    port: Number(lines[3]),
    socketDir: lines[4] ?? "",
    status: lines[7] ?? "",
  };
}

/**
 * Whether a process is the server of a cluster. A signal 0 is not enough: it reaches zombies, and the number
 * of a server that crashed may belong to another program by now.
 */
export function isServerOf(pid: number, cluster: string): boolean {
  if (!processExists(pid)) return false;
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-o", "stat=,command=", "-p", String(pid)], { encoding: "utf8" });
    return /postgres/.test(stdout) && !/^Z/.test(stdout);
  }
  try {
    if (!/\(postgres\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return false;
  } catch {
    return false;
  }
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch (error) {
    // A server of another user: it cannot be told apart from ours, so it counts.
    return error instanceof Error && "code" in error && error.code === "EACCES";
  }
}

/** Whether a process with that number exists, even as a zombie. */
export function processExists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Processes that work in a cluster's folder: its server, or backends that outlived it. Linux only; zombies have no folder. */
export function processesIn(cluster: string): number[] {
  return linuxProcesses((pid) => readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster));
}

/** Guards (see guard.ts) that watch that server. Linux only. */
export function guardsOf(serverPid: number, guardName: string): number[] {
  return linuxProcesses((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes(guardName) && words.includes(String(serverPid));
  });
}

function linuxProcesses(matches: (pid: number) => boolean): number[] {
  if (process.platform !== "linux") return [];
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (matches(Number(name))) found.push(Number(name));
    } catch {
      // It ended meanwhile, or is not ours to look at.
    }
  }
  return found;
}
