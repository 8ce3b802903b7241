import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that work in a folder or below: those of a PostgreSQL server in its data folder. Linux only. */
export function processesIn(folder: string): number[] {
  return allProcesses().filter((pid) => {
    const place = quietly(() => readlinkSync(`/proc/${pid}/cwd`));
    return place === folder || place?.startsWith(`${folder}/`) === true;
  });
}

/** The processes of the PostgreSQL server of a data folder. Linux only. */
export function postgresOf(folder: string): number[] {
  return processesIn(folder).filter((pid) => {
    const name = quietly(() => readFileSync(`/proc/${pid}/comm`, "utf8"));
    return name?.startsWith("postgres") === true;
  });
}

/** The local addresses at which processes listen for TCP, as the kernel writes them (hexadecimal). Linux only. */
export function listeningAddresses(pids: readonly number[]): string[] {
  const inodes = new Set(pids.flatMap(socketsOf));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // Fields of the table: 1 local address, 3 state (0A listens), 9 inode.
      .filter((fields) => fields[3] === "0A" && inodes.has(fields[9] ?? ""))
      .map((fields) => (fields[1] ?? "").split(":")[0] ?? ""),
  );
}

/** 127.0.0.1, and the same as an address of IPv6, as the kernel writes them on a little-endian machine. */
export const LOOPBACK: readonly string[] = ["0100007F", "0000000000000000FFFF00000100007F"];

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return (quietly(() => readdirSync(folder)) ?? []).flatMap((name) => {
    const target = quietly(() => readlinkSync(`${folder}/${name}`));
    return /^socket:\[(\d+)\]$/.exec(target ?? "")?.[1] ?? [];
  });
}

/** What ended while we looked, or is not ours to see, is not there. */
function quietly<Value>(look: () => Value): Value | null {
  try {
    return look();
  } catch {
    return null;
  }
}
