import { redact } from "../redaction.ts";
import { yaml } from "./yaml.ts";

/** A configuration as YAML for a person to read, without its secrets. */
export function printConfig(config: Readonly<Record<string, unknown>>): string {
  return yaml().stringify(redact(config, Number.POSITIVE_INFINITY), { lineWidth: 0 });
}
