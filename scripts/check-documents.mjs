// Holds the documents to the tree: every file or folder that one names must be there, and every command of
// npm that one names must be a script.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const DOCUMENTS = [
  "README.md",
  "README.zh.md",
  "ARCHITECTURE.md",
  "GUARANTEES.md",
  "docs/benchmarks.md",
  "docs/api.md",
  "docs/delivery.md",
  "docs/commands.md",
  "docs/broker.md",
  "docs/clients.md",
  "docs/decoders.md",
  "docs/sources.md",
];
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const problems = [];

for (const document of DOCUMENTS) {
  if (!existsSync(document)) {
    problems.push(`${document} is missing`);
    continue;
  }
  const text = readFileSync(document, "utf8");
  for (const [, path] of text.matchAll(
    /`((?:packages|services|apps|e2e|conformance|bench|docs|scripts)\/[\w./-]*)`/g,
  )) {
    if (!existsSync(path)) problems.push(`${document} names ${path}, which is not there`);
  }
  for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
    if (!existsSync(join(dirname(document), target)))
      problems.push(`${document} links to ${target}, which is not there`);
  }
  for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) {
    if (!(name in scripts)) problems.push(`${document} names npm run ${name}, which is no script`);
  }
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log("documents: what they name is there");
