import { stringify } from "yaml";
import { redact } from "../redaction.ts";

/** A configuration as YAML for a person to read, without its secrets. */
export function printConfig(config: Readonly<Record<string, unknown>>): string {
  return stringify(redact(config, Number.POSITIVE_INFINITY), { lineWidth: 0 });
}
