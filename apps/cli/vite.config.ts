import { readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { defineConfig, type ESTree, type Plugin, parseAst } from "vite";
import { recordBuild } from "./bin/build-record.js";

const root = join(import.meta.dirname, "..", "..");

/** Packages that read files beside their own: they stay where they are. */
const UNBUNDLED = [
  "@node-rs/crc32",
  "@platformatic/dynamic-buffer",
  "@platformatic/wasm-utils",
  "bufferutil",
  "utf-8-validate",
];

/** Threads are started by the names of their files, and run when they are loaded. */
const THREADS = {
  "decode-worker": "../../packages/decode/src/decode-worker.ts",
  "handler-thread": "../../packages/kafka/src/consumer/handler-thread.ts",
};

/** The command line in few files: most of a start from sources is finding and reading a thousand modules. */
export default defineConfig({
  build: {
    ssr: true,
    target: "node24",
    outDir: "dist",
    emptyOutDir: false,
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      input: {
        main: "src/main.ts",
        ...THREADS,
      },
      // Side by side and as deep as src: what is looked for relative to a module is found.
      output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    },
  },
  ssr: {
    noExternal: true,
    external: UNBUNDLED,
    resolve: { conditions: ["candlewick-src", "node", "default"] },
  },
  plugins: [plainBuiltins(), buildRecord()],
});

/**
 * Takes Node's own modules as CommonJS does. For an `import` Node reads each property of such a module, and so
 * loads all that it keeps for those who ask (Web Crypto, file streams, reports): a sixth of the broker's start.
 */
function plainBuiltins(): Plugin {
  return {
    name: "plain-builtins",
    renderChunk(code) {
      const plain = parseAst(code).body.reduceRight(
        (text, node) =>
          node.type === "ImportDeclaration" && node.source.value.startsWith("node:")
            ? text.slice(0, node.start) + constants(node) + text.slice(node.end)
            : text,
        code,
      );
      // Imports stand on lines of their own: what was mapped before stays where it was.
      return { code: plain, map: null };
    },
  };
}

function constants({ source, specifiers }: ESTree.ImportDeclaration): string {
  const module = `process.getBuiltinModule("${source.value}")`;
  const declarations = specifiers.map(({ local, ...specifier }) => {
    const isPart = specifier.type === "ImportSpecifier" && specifier.imported.type === "Identifier";
    if (!isPart || specifier.imported.name === "default") return `${local.name} = ${module}`;
    return `{ ${specifier.imported.name}: ${local.name} } = ${module}`;
  });
  return `const ${declarations.join(", ")};`;
}

/** Takes down what the build was made from, for the bin to compare. */
function buildRecord(): Plugin {
  const startedMs = Date.now();
  return {
    name: "build-record",
    writeBundle({ dir = "" }, bundle) {
      const modules = [...this.getModuleIds()].filter(
        (id) => isAbsolute(id) && !/[\\/]node_modules[\\/]/.test(id),
      );
      const inputs = [...modules.map((id) => relative(root, id)), ...manifests(), "apps/cli/vite.config.ts"];
      const outputs = Object.keys(bundle);
      const imported = new Set(
        Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.imports : [])),
      );
      const thread = Object.keys(THREADS).find((name) => imported.has(`${name}.js`));
      if (thread !== undefined) this.error(`${thread}.js holds what others import: it would run in them`);
      if (!recordBuild({ root, dist: dir, inputs, outputs, startedMs })) {
        this.error("a source was changed while it was built; build again");
      }
    },
  };
}

/** What decides which modules are found under a name. */
function manifests(): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return ["package-lock.json", ...workspaces.map((folder: string) => `${folder}/package.json`)];
}
