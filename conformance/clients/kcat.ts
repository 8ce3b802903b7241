import { join } from "node:path";
import { firstLine } from "./cache.ts";
import type { Client } from "./client.ts";

const isInstalled = (): boolean => firstLine("kcat", ["-V"]) !== null;

export const kcat: Client = {
  name: "kcat",
  version: "1.7.1",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  groupProtocols: ["classic"],
  hasTransactions: true,
  isQuick: true,
  isThere: isInstalled,
  async prepare() {
    if (!isInstalled()) return { reason: "kcat is not installed (Debian's package kcat)" };
    const file = join(import.meta.dirname, "kcat", "program.ts");
    return { command: [process.execPath, "--conditions=candlewick-src", file] };
  },
};
