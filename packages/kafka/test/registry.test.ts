import { afterAll, beforeAll } from "vitest";
import { registrySuite } from "./registry-suite.ts";
import { startTestRegistry, type TestRegistry } from "./test-registry.ts";

let server: TestRegistry;
beforeAll(async () => {
  server = await startTestRegistry();
});
afterAll(() => server.stop());

registrySuite("the small registry of the tests", () => server.url, false);

/**
 * A real registry that is running, by hand: CANDLEWICK_SCHEMA_REGISTRY=http://127.0.0.1:8080/apis/ccompat/v7
 * (Apicurio; Confluent's own has no path). docs/delivery.md tells how to start one.
 */
const given = process.env.CANDLEWICK_SCHEMA_REGISTRY;
if (given !== undefined) registrySuite(`the registry at ${given}`, () => given, true);
