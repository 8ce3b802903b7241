import { kafkaSchema, logSchema } from "@candlewick/runtime";
import type { Config } from "./configuration.ts";

/** What the broker alone has to do with. */
type BrokerConfig = Pick<Config, "kafka" | "log">;

const SETTING = /^CANDLEWICK_\w+?__/;

/**
 * The sections that `broker` uses. Reading a file brings the schemas of all services along, which takes longer than
 * everything else at start: it is done only where there is something to read.
 */
export async function readBrokerConfig(
  file: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<BrokerConfig> {
  if (file === undefined && !Object.keys(environment).some((name) => SETTING.test(name))) {
    return { kafka: kafkaSchema.parse({}), log: logSchema.parse({}) };
  }
  const { readConfig } = await import("./configuration.ts");
  return readConfig(file);
}
