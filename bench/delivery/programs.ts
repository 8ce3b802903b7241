import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ensureKafkaJars } from "../../conformance/apache-kafka.ts";
import { javaCommand } from "../../conformance/kafka-jars.ts";

const run = promisify(execFile);
const CACHE = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "candlewick");
const MAX_RUN_MS = 180_000;

/** A program that measures one thing: arguments in, seconds out. */
export type Program = (args: readonly string[]) => Promise<number>;

/** Programs in other languages that can be run here, and why the others cannot. */
export interface Programs {
  readonly go: Program | null;
  /** Where the program in Go is; null like it. */
  readonly goBinary: string | null;
  readonly java: Program | null;
  readonly missing: readonly string[];
}

/** Our own code and other clients for Node, each run in a process of its own. */
export const nodeProgram: Program = (args) => {
  const entry = join(import.meta.dirname, "candidate.ts");
  return seconds(process.execPath, ["--conditions=candlewick-src", entry, ...args]);
};

/** Builds the programs in Go and Java where their compilers are. */
export function otherPrograms(): Programs {
  mkdirSync(CACHE, { recursive: true });
  const missing: string[] = [];
  const goBinary = buildGo(missing);
  const go: Program | null = goBinary === null ? null : (args) => seconds(goBinary, args);
  const java = buildJava(missing);
  return { go, goBinary, java, missing };
}

function buildGo(missing: string[]): string | null {
  const binary = join(CACHE, "delivery-bench-go");
  const built = spawnSync("go", ["build", "-o", binary, "."], {
    cwd: join(import.meta.dirname, "..", "go"),
    encoding: "utf8",
  });
  if (built.error !== undefined) missing.push(`sarama and kafka-go are not measured: Go is not installed.`);
  else if (built.status !== 0) missing.push(`sarama and kafka-go are not measured: ${built.stderr.trim()}`);
  else return binary;
  return null;
}

function buildJava(missing: string[]): Program | null {
  const classes = join(CACHE, "delivery-bench-java");
  const jars = join(ensureKafkaJars(), "*");
  const compiler = javaCommand === "java" ? "javac" : join(dirname(javaCommand), "javac");
  const source = join(import.meta.dirname, "..", "java", "ProduceBench.java");
  const built = spawnSync(compiler, ["-cp", jars, "-d", classes, source], { encoding: "utf8" });
  if (built.error !== undefined || built.status !== 0 || !existsSync(classes)) {
    missing.push(`The Java client is not measured: ${built.error?.message ?? built.stderr.trim()}`);
    return null;
  }
  const command = ["-cp", `${classes}:${jars}`, "-Dlog4j2.level=ERROR", "ProduceBench"];
  return (args) => seconds(javaCommand, [...command, ...args]);
}

async function seconds(command: string, args: readonly string[]): Promise<number> {
  const { stdout } = await run(command, [...args], { timeout: MAX_RUN_MS, killSignal: "SIGKILL" });
  const answer: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  if (
    typeof answer === "object" &&
    answer !== null &&
    "seconds" in answer &&
    typeof answer.seconds === "number"
  ) {
    return answer.seconds;
  }
  throw new Error(`${command} ${args.join(" ")} printed no seconds: ${stdout}`);
}
