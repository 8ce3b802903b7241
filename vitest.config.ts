import { defineConfig } from "vitest/config";

const conditions = ["candlewick-src", "node", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "services/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "conformance/**/*.test.ts",
      "e2e/**/*.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    retry: 0,
    // Two cores: more workers only make the real servers in the tests slower.
    maxWorkers: 2,
  },
});
