import { DEFAULT_LOG, type LoggerOptions } from "@candlewick/runtime/process";

/** What the broker alone has to do with. */
interface BrokerConfig {
  readonly log: Pick<LoggerOptions, "level" | "format">;
}

const SETTING = /^CANDLEWICK_\w+?__/;
const OWN_SETTING = /^CANDLEWICK_LOG__/;

/**
 * The section that `broker` uses. Schemas take longer to load than everything else at start: that of the section
 * comes only where a variable sets something in it, those of all services only where a file, or a variable of
 * another section, has to be judged.
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
  if (settings.length === 0) return { log: DEFAULT_LOG };
  const { loadConfig, logSchema } = await import("@candlewick/runtime");
  return loadConfig({ log: logSchema }, { environment });
}
