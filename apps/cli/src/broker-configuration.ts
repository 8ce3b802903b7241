import { DEFAULT_LOG, DEFAULT_PARTITIONS, type LoggerOptions } from "@candlewick/runtime/process";

/** What the broker alone has to do with. */
interface BrokerConfig {
  readonly log: Pick<LoggerOptions, "level" | "format">;
  readonly kafka: { readonly partitions: number };
}

const SETTING = /^CANDLEWICK_\w+?__/;
const OWN_SETTING = /^CANDLEWICK_(KAFKA|LOG)__/;

/**
 * The sections that `broker` uses. Schemas take longer to load than everything else at start: those of the two
 * sections come only where a variable sets something in them, those of all services only where a file, or a
 * variable of another section, has to be judged.
 */
export async function readBrokerConfig(
  file: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<BrokerConfig> {
  const settings = Object.keys(environment).filter((name) => SETTING.test(name));
  if (file !== undefined || !settings.every((name) => OWN_SETTING.test(name))) {
    const { readConfig } = await import("./configuration.ts");
    return readConfig(file);
  }
  if (settings.length === 0) return { log: DEFAULT_LOG, kafka: { partitions: DEFAULT_PARTITIONS } };
  const { kafkaSchema, loadConfig, logSchema } = await import("@candlewick/runtime");
  return loadConfig({ kafka: kafkaSchema, log: logSchema }, { environment });
}
