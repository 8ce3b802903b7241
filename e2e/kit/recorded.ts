import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The recorded real data beside the project, or null where it is absent. */
export function recordedData(): string | null {
  const folder = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
  return existsSync(folder) ? folder : null;
}
