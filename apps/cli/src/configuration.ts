import { databaseSchema, healthSchema, kafkaSchema, loadConfig, logSchema } from "@candlewick/runtime";

/** The sections of the configuration file: those that all services share, and one of each service. */
export const SECTIONS = {
  kafka: kafkaSchema,
  database: databaseSchema,
  log: logSchema,
  health: healthSchema,
} as const;

export type Config = ReturnType<typeof readConfig>;

/** Reads the configuration of a command: file, environment and the values of its flags. */
export function readConfig(
  file?: string,
  overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
) {
  return loadConfig(SECTIONS, { file, environment: process.env, overrides });
}
