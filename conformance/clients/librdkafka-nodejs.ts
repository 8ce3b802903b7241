import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cached, firstLine, step } from "./cache.ts";
import type { Client } from "./client.ts";

const NAME = "@confluentinc/kafka-javascript";
const folder = join(import.meta.dirname, "confluentinc");
const manifest = join(folder, "package.json");

/** The installation of the running Node, with the headers that a native part is compiled against. */
const nodeFolder = dirname(dirname(process.execPath));

function pinnedVersion(): string {
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const version = dependencies[NAME];
  if (version === undefined) throw new Error(`${manifest} does not pin ${NAME}`);
  return version;
}

/**
 * Compiles the package and the librdkafka in it. Of its two ways to link, "static" first downloads the sources of
 * other libraries; "dynamic" takes the machine's (Debian's libssl-dev, zlib1g-dev, libzstd-dev, liblz4-dev).
 */
function install(draft: string): string | null {
  cpSync(manifest, join(draft, "package.json"));
  const env = {
    PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
    CKJS_LINKING: "dynamic",
    npm_config_build_from_source: "true",
    npm_config_nodedir: nodeFolder,
  };
  const problem = step("npm", ["install", "--no-audit", "--no-fund"], { cwd: draft, env });
  // What it was compiled from takes three times as much room as the rest.
  rmSync(join(draft, "node_modules", NAME, "deps"), { recursive: true, force: true });
  return problem;
}

export const kafkaJavascript: Client = {
  name: NAME,
  version: pinnedVersion(),
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  groupProtocols: ["classic", "consumer"],
  hasTransactions: true,
  isQuick: false,
  isThere: () =>
    existsSync(join(nodeFolder, "include", "node", "node.h")) && firstLine("g++", ["--version"]) !== null,
  async prepare() {
    // What is compiled fits one version of Node's binary interface.
    const prepared = cached(`kafka-javascript-node${process.versions.modules}`, [manifest], install);
    if ("reason" in prepared) return prepared;
    const modules = `NODE_PATH=${join(prepared.folder, "node_modules")}`;
    const file = join(folder, "program.ts");
    return { command: ["env", modules, process.execPath, "--conditions=candlewick-src", file] };
  },
};
