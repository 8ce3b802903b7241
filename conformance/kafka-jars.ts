import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const pom = join(import.meta.dirname, "kafka", "pom.xml");
const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pom, "utf8"))?.[1] ?? "unknown";

/** The version of Apache Kafka that the tests run, from conformance/kafka/pom.xml. */
export const KAFKA_VERSION: string = version;

/** The `java` command: of JAVA_HOME where it is set, else PATH's. */
export const javaCommand: string =
  process.env.JAVA_HOME === undefined ? "java" : join(process.env.JAVA_HOME, "bin", "java");

let known: { folder: string } | { reason: string } | undefined;

/** Null where a real Apache Kafka can be run, else why not. Fetches the jars when Maven is there to do it. */
export function apacheKafkaAvailable(): string | null {
  known ??= findJars();
  return "reason" in known ? known.reason : null;
}

/**
 * The folder with the jars of Apache Kafka: CANDLEWICK_KAFKA_JARS, or a cache that is filled by Maven once.
 * Throws with the reason where it cannot be had.
 */
export function ensureKafkaJars(): string {
  known ??= findJars();
  if ("reason" in known) throw new Error(known.reason);
  return known.folder;
}

function findJars(): { folder: string } | { reason: string } {
  const java = javaProblem();
  if (java !== null) return { reason: java };
  const given = process.env.CANDLEWICK_KAFKA_JARS;
  if (given !== undefined) {
    return holdsKafka(given)
      ? { folder: given }
      : { reason: `CANDLEWICK_KAFKA_JARS names ${given}, which has no kafka_2.13 jar` };
  }
  const folder = join(
    import.meta.dirname,
    "..",
    "node_modules",
    ".cache",
    "candlewick",
    `kafka-${KAFKA_VERSION}`,
  );
  return holdsKafka(folder) ? { folder } : fetchJars(folder);
}

/** Copies the jars beside their place and renames the whole, so that several may try at once. */
function fetchJars(folder: string): { folder: string } | { reason: string } {
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  const draft = mkdtempSync(join(parent, "fetching-"));
  try {
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${draft}`];
    const maven = spawnSync("mvn", ["-q", "-B", "-f", pom, ...goal], { encoding: "utf8", timeout: 300_000 });
    if (maven.error !== undefined) {
      return { reason: `Maven is needed to fetch Apache Kafka and could not be run: ${maven.error.message}` };
    }
    if (maven.status !== 0 || !holdsKafka(draft)) {
      return { reason: `Maven could not fetch Apache Kafka: ${maven.stdout.trim().slice(0, 500)}` };
    }
    publish(draft, folder);
    return { folder };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function publish(draft: string, folder: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Somebody else was faster, and theirs is as good.
    if (!holdsKafka(folder)) throw error;
  }
}

function holdsKafka(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => /^kafka_2\.13-.*\.jar$/.test(name));
}

function javaProblem(): string | null {
  const java = spawnSync(javaCommand, ["-version"], { encoding: "utf8" });
  if (java.error !== undefined)
    return `Java 17 or newer is needed to run Apache Kafka: ${java.error.message}`;
  const major = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  return major >= 17 ? null : `Java 17 or newer is needed to run Apache Kafka, this is ${major}`;
}
