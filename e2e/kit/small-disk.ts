import { spawnSync } from "node:child_process";
import { closeSync, openSync, statfsSync, writeSync } from "node:fs";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary.ts";

const MIB = 1024 * 1024;

/** Why no file system can be mounted here; null where one can. */
export function mountingUnavailable(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "mounting needs root on Linux";
  // A namespace of its own: the trial leaves nothing behind.
  const trial = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
  return trial.status === 0 ? null : "mounting is not allowed here";
}

/** A file system of that size for the current test, in memory. */
export function smallDisk(mebibytes: number, mode: "rw" | "ro" = "rw"): string {
  const folder = temporaryFolder("disk");
  mount(["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=755,${mode}`, "none", folder]);
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount ${args.join(" ")}: ${stderr}`);
}

/** Writes a file of zeros until only so many bytes are free, or none. */
export function fillDisk(file: string, leaveBytes: number): void {
  const descriptor = openSync(file, "w");
  const zeros = Buffer.alloc(MIB);
  try {
    while (freeBytes(file) > leaveBytes) {
      writeSync(descriptor, zeros, 0, Math.min(MIB, freeBytes(file) - leaveBytes));
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
