// npm test: installs what is missing, then lint, types, import directions, the web page and all tests.
// The last line counts: "N passed, N failed, N skipped".
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCommandBuilt } from "./command-build.mjs";
import { ensureInstalled, environment, node24, root } from "./install.mjs";
import { ensureWebBuilt } from "./web-build.mjs";

ensureInstalled();

const bin = (name) => join(root, "node_modules", ...name.split("/"));
const report = join(mkdtempSync(join(tmpdir(), "candlewick-test-")), "report.json");
const steps = [
  ["lint", bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"],
  ["types", bin("typescript/bin/tsc"), "-p", "tsconfig.json"],
  ["imports", join(root, "scripts", "check-imports.mjs")],
  ["documents", join(root, "scripts", "check-documents.mjs")],
];

let failed = 0;
for (const [name, ...command] of steps) failed += step(name, command);
ensureWebBuilt();
ensureCommandBuilt();
const vitest = [
  bin("vitest/vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
];
const testsFailed = step("tests", [...vitest, ...process.argv.slice(2)]);

const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
const skipped = (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0);
failed += counts.numFailedTests ?? 0;
// A file that does not even load has no failed test of its own.
if (testsFailed > 0 && !counts.numFailedTests) failed += 1;
console.log(`\n${counts.numPassedTests ?? 0} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);

function step(name, command) {
  console.log(`\n== ${name}`);
  const run = spawnSync(node24(), command, { cwd: root, env: environment(), stdio: "inherit" });
  return run.status === 0 ? 0 : 1;
}
