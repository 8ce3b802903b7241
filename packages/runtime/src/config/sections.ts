import { z } from "zod";
import { DEFAULT_LOG } from "./defaults.ts";

/** Section `log`. */
export const logSchema = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error"])
      .default(DEFAULT_LOG.level)
      .describe("The least level that is written"),
    format: z
      .enum(["auto", "json", "pretty"])
      .default(DEFAULT_LOG.format)
      .describe("`auto` is pretty on a terminal and JSON lines elsewhere"),
  })
  .describe("What is written to standard error.");
export type LogConfig = z.output<typeof logSchema>;

/** Section `database`. */
export const databaseSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, "expected a URL that starts with postgres://")
      .nullable()
      .default(null)
      .describe("PostgreSQL 15 or newer; null is the embedded server of the data folder"),
    poolSize: z.int().min(1).max(200).default(8).describe("Connections that a process opens at most"),
  })
  .describe("Where trades, candles and offsets are kept.");
export type DatabaseConfig = z.output<typeof databaseSchema>;

/** Section `health`. */
export const healthSchema = z
  .strictObject({
    host: z.string().min(1).default("127.0.0.1").describe("The address that is listened on"),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .nullable()
      .default(null)
      .describe("0 takes a free port; null listens nowhere"),
  })
  .describe("`/livez`, `/readyz` and `/metrics` of a service that runs by itself.");
export type HealthConfig = z.output<typeof healthSchema>;
