import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, firstLine, step } from "./cache.ts";
import type { Client, Codec } from "./client.ts";

const ALL: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** What requirements.txt pins a package to. */
function pinned(folder: string, name: string): string {
  const text = readFileSync(join(import.meta.dirname, folder, "requirements.txt"), "utf8");
  const line = text.split("\n").find((one) => one.startsWith(`${name}==`));
  if (line === undefined) throw new Error(`${folder}/requirements.txt does not pin ${name}`);
  return line.slice(name.length + 2).trim();
}

/** Packages go into a folder of their own, so that nothing of the system is touched. */
function program(name: string): Client["prepare"] {
  const folder = join(import.meta.dirname, name);
  const requirements = join(folder, "requirements.txt");
  return async () => {
    const prepared = cached(name, [requirements], (draft) => {
      return step("python3", ["-m", "pip", "install", "-q", "--target", draft, "-r", requirements]);
    });
    if ("reason" in prepared) return prepared;
    const path = `PYTHONPATH=${prepared.folder}`;
    return { command: ["env", path, "python3", join(folder, "program.py")] };
  };
}

function python(name: string, rest: Pick<Client, "groupProtocols">): Client {
  return {
    name,
    version: pinned(name, name),
    codecs: ALL,
    hasTransactions: true,
    isQuick: false,
    isThere: () => firstLine("python3", ["-m", "pip", "--version"]) !== null,
    prepare: program(name),
    ...rest,
  };
}

export const pythonClients: readonly Client[] = [
  python("confluent-kafka", { groupProtocols: ["classic", "consumer"] }),
  python("aiokafka", { groupProtocols: ["classic"] }),
  python("kafka-python", { groupProtocols: ["classic"] }),
];
