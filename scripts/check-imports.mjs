// Holds the direction of imports: a package may only import what its package.json names, and the graph
// of those names may only point towards the domain.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LAYERS = {
  "packages/domain": [],
  "packages/runtime": [],
  "packages/contracts": ["domain"],
  "packages/decode": ["domain"],
  "packages/broker": ["domain"],
  "packages/devnet": ["domain"],
  "packages/kafka": ["domain", "contracts", "runtime"],
  "packages/store": ["domain", "contracts", "runtime"],
  "services/ingest": ["domain", "contracts", "runtime", "kafka", "store", "decode"],
  "services/dataflow": ["domain", "contracts", "runtime", "kafka", "store"],
  "services/market": ["domain", "contracts", "runtime", "kafka", "store"],
  "services/serve": ["domain", "contracts", "runtime", "kafka", "store"],
  "apps/cli": null,
  "apps/web": [],
};

const IMPORT = /(?:from\s+|import\s*\(\s*|import\s+)["']([^"']+)["']/g;
const problems = [];

for (const [folder, allowed] of Object.entries(LAYERS)) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies };
  for (const name of Object.keys(declared)) {
    if (allowed !== null && name.startsWith("@candlewick/") && !allowed.includes(name.slice(12))) {
      problems.push(`${folder}/package.json: depends on ${name}`);
    }
  }
  for (const file of sources(join(folder, "src"))) {
    for (const [, target] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      check(folder, file, target, declared);
    }
  }
}

function check(folder, file, target, declared) {
  if (target.startsWith("node:")) return;
  if (target.startsWith(".")) {
    if (!join(file, "..", target).startsWith(folder))
      problems.push(`${file}: reaches outside its package: ${target}`);
    return;
  }
  const name = target.startsWith("@") ? target.split("/", 2).join("/") : target.split("/", 1)[0];
  if (!(name in declared)) problems.push(`${file}: imports ${name}, which its package.json does not name`);
  if (name.startsWith("@candlewick/") && !entriesOf(name).includes(target))
    problems.push(`${file}: imports past the index: ${target}`);
}

/** What a package of ours lets others import. */
function entriesOf(name) {
  const manifest = JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8"));
  return Object.keys(manifest.exports).map((entry) => name + entry.slice(1));
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log("imports: directions hold");
