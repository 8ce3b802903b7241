import { readFileSync } from "node:fs";
import { join } from "node:path";
import { javaCommand } from "../kafka-jars.ts";
import { cached, firstLine, type Prepared, step } from "./cache.ts";
import type { Client } from "./client.ts";

const folder = join(import.meta.dirname, "java");
const pom = join(folder, "pom.xml");
const sources = ["Program.java", "Counting.java"].map((file) => join(folder, file));

/** A short life needs neither the second compiler nor a parallel collector. */
const FLAGS = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];

const hasCompiler = (): boolean => firstLine("javac", ["-version"]) !== null;

/** The compiled programs with the jars that they need. */
function javaPrograms(): Prepared {
  if (!hasCompiler()) return { reason: "a Java compiler (javac) is needed" };
  return cached("java", [pom, ...sources], (draft) => {
    const copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${draft}`];
    const fetched = step("mvn", ["-q", "-B", "-f", pom, ...copy]);
    return fetched ?? step("javac", ["-cp", join(draft, "*"), "-d", draft, ...sources]);
  });
}

function javaProgram(prepared: string): string[] {
  return [javaCommand, ...FLAGS, "-cp", `${prepared}:${join(prepared, "*")}`, "Program"];
}

const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pom, "utf8"))?.[1] ?? "unknown";

export const java: Client = {
  name: "Java",
  version,
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  groupProtocols: ["classic", "consumer"],
  hasTransactions: true,
  isQuick: false,
  isThere: hasCompiler,
  prepare,
};

/** The same programs, of which the one that counts is tried. */
export const streams: Client = {
  name: "Kafka Streams",
  version,
  codecs: [],
  groupProtocols: [],
  hasTransactions: false,
  isStreams: true,
  isQuick: false,
  isThere: hasCompiler,
  prepare,
};

async function prepare(): ReturnType<Client["prepare"]> {
  const prepared = javaPrograms();
  return "reason" in prepared ? prepared : { command: javaProgram(prepared.folder) };
}
