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

/** The compiled programs with the jars that they need. */
export function javaPrograms(): Prepared {
  if (firstLine("javac", ["-version"]) === null) return { reason: "a Java compiler (javac) is needed" };
  return cached("java", [pom, ...sources], (draft) => {
    const copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${draft}`];
    const fetched = step("mvn", ["-q", "-B", "-f", pom, ...copy]);
    return fetched ?? step("javac", ["-cp", join(draft, "*"), "-d", draft, ...sources]);
  });
}

/** The command that runs one of the programs. */
export function javaProgram(prepared: string, main: string): string[] {
  return [javaCommand, ...FLAGS, "-cp", `${prepared}:${join(prepared, "*")}`, main];
}

export const java: Client = {
  name: "Java",
  version: /<kafka\.version>([^<]+)</.exec(readFileSync(pom, "utf8"))?.[1] ?? "unknown",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  groupProtocols: ["classic", "consumer"],
  hasTransactions: true,
  isQuick: false,
  async prepare() {
    const prepared = javaPrograms();
    return "reason" in prepared ? prepared : { command: javaProgram(prepared.folder, "Program") };
  },
};
