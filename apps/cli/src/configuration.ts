import { dataflowSchema } from "@candlewick/dataflow";
import { ingestSchema } from "@candlewick/ingest";
import { marketSchema } from "@candlewick/market";
import { databaseSchema, healthSchema, kafkaSchema, loadConfig, logSchema, z } from "@candlewick/runtime";
import { serveSchema } from "@candlewick/serve";
import { devnetSchema } from "./devnet-schema.ts";

/** Section `chain`. */
const chainSchema = z
  .strictObject({ name: z.enum(["solana"]).default("solana").describe("The chain whose trades are handled") })
  .describe("Which chain.");

/** All sections of the configuration file. */
export const SECTIONS = {
  chain: chainSchema,
  kafka: kafkaSchema,
  database: databaseSchema,
  ingest: ingestSchema,
  dataflow: dataflowSchema,
  market: marketSchema,
  serve: serveSchema,
  devnet: devnetSchema,
  health: healthSchema,
  log: logSchema,
} as const;

/** Values of flags, by section and key; they go before the environment and the file. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Reads the whole configuration of a command: flags, environment, file, defaults. */
export function readConfig(file?: string, overrides: Overrides = {}) {
  return loadConfig(SECTIONS, { file, environment: process.env, overrides });
}

export type Config = ReturnType<typeof readConfig>;
