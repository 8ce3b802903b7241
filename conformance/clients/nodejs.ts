import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Client } from "./client.ts";

/** The version of an installed npm package, wherever its entry point is. */
function installedVersion(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  while (!folder.endsWith(join("node_modules", name))) folder = dirname(folder);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

function program(folder: string): Client["prepare"] {
  const file = join(import.meta.dirname, folder, "program.ts");
  return async () => ({ command: [process.execPath, "--conditions=candlewick-src", file] });
}

export const kafkajs: Client = {
  name: "kafkajs",
  version: installedVersion("kafkajs"),
  codecs: ["none", "gzip", "zstd"],
  groupProtocols: ["classic"],
  hasTransactions: true,
  isQuick: true,
  isThere: () => true,
  prepare: program("kafkajs"),
};

export const platformatic: Client = {
  name: "@platformatic/kafka",
  version: installedVersion("@platformatic/kafka"),
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  groupProtocols: ["classic", "consumer"],
  hasTransactions: true,
  isQuick: true,
  isThere: () => true,
  prepare: program("platformatic"),
};
