import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, firstLine, step } from "./cache.ts";
import type { Client, Codec } from "./client.ts";

const ALL: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** The version that go.mod requires. */
function required(folder: string, module: string): string {
  const text = readFileSync(join(import.meta.dirname, folder, "go.mod"), "utf8");
  const version = text.match(new RegExp(`${module} v(\\S+)`))?.[1];
  if (version === undefined) throw new Error(`${folder}/go.mod does not require ${module}`);
  return version;
}

const hasGo = (): boolean => firstLine("go", ["version"]) !== null;

function program(name: string): Client["prepare"] {
  const folder = join(import.meta.dirname, name);
  const inputs = ["main.go", "go.mod", "go.sum"].map((file) => join(folder, file));
  return async () => {
    const prepared = cached(name, inputs, (draft) =>
      step("go", ["build", "-trimpath", "-o", join(draft, "program"), "."], {
        cwd: folder,
        env: { GOFLAGS: "-mod=readonly -buildvcs=false" },
      }),
    );
    return "reason" in prepared ? prepared : { command: [join(prepared.folder, "program")] };
  };
}

export const goClients: readonly Client[] = [
  {
    name: "sarama",
    version: required("sarama", "github.com/IBM/sarama"),
    codecs: ALL,
    groupProtocols: ["classic"],
    hasTransactions: true,
    isQuick: true,
    isThere: hasGo,
    prepare: program("sarama"),
  },
  {
    name: "kafka-go",
    version: required("kafka-go", "github.com/segmentio/kafka-go"),
    codecs: ALL,
    groupProtocols: ["classic"],
    hasTransactions: false,
    isQuick: true,
    isThere: hasGo,
    prepare: program("kafka-go"),
  },
  {
    name: "franz-go",
    version: required("franz-go", "github.com/twmb/franz-go"),
    codecs: ALL,
    groupProtocols: ["classic", "consumer"],
    hasTransactions: true,
    isQuick: true,
    isThere: hasGo,
    prepare: program("franz-go"),
  },
];
