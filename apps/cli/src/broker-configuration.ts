import { kafkaSchema, loadConfig, logSchema } from "@candlewick/runtime";
import type { Config } from "./configuration.ts";

/** What the broker alone has to do with. */
type BrokerConfig = Pick<Config, "kafka" | "log">;

const SECTIONS = { kafka: kafkaSchema, log: logSchema };
const SETTING = /^CANDLEWICK_\w+?__/;
const OWN_SETTING = /^CANDLEWICK_(KAFKA|LOG)__/;

/**
 * The sections that `broker` uses. The schemas of all services take longer to load than everything else at start:
 * they come only where a file, or a variable of another section, has to be judged.
 */
export async function readBrokerConfig(
  file: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<BrokerConfig> {
  const settings = Object.keys(environment).filter((name) => SETTING.test(name));
  if (file === undefined && settings.every((name) => OWN_SETTING.test(name))) {
    return loadConfig(SECTIONS, { file, environment, overrides: {} });
  }
  const { readConfig } = await import("./configuration.ts");
  return readConfig(file);
}
