import { z } from "zod";

/** Section `log`. */
export const logSchema = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("The least level that is written"),
    format: z
      .enum(["auto", "json", "pretty"])
      .default("auto")
      .describe("`auto` is pretty on a terminal and JSON lines elsewhere"),
  })
  .describe("What is written to standard error.");
export type LogConfig = z.output<typeof logSchema>;

const broker = z
  .string()
  .regex(/^(\[[\da-f:]+\]|[^\s:,/]+):\d{1,5}$/i, 'expected HOST:PORT, such as "127.0.0.1:9092"');

/** Section `kafka`. */
export const kafkaSchema = z
  .strictObject({
    brokers: z.array(broker).min(1).default(["127.0.0.1:9092"]).describe("Brokers to start from, HOST:PORT"),
    clientId: z.string().min(1).default("candlewick").describe("How we name ourselves to the broker"),
    tls: z.boolean().default(false).describe("Whether connections are encrypted"),
    sasl: z
      .strictObject({
        mechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]).describe("How we authenticate"),
        username: z.string().min(1).describe("The user's name"),
        password: z.string().min(1).describe("The user's password; better given by the environment"),
      })
      .nullable()
      .default(null)
      .describe("Authentication; null is none"),
    partitions: z
      .int()
      .min(1)
      .max(10_000)
      .default(8)
      .describe("Partitions of the topics that we create; existing topics keep theirs"),
  })
  .describe("The Kafka cluster that carries the records.");
export type KafkaConfig = z.output<typeof kafkaSchema>;

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
