import { createRequire } from "node:module";

/** The YAML library, loaded where a file is read or written: most starts do neither. */
export function yaml(): typeof import("yaml") {
  return createRequire(import.meta.url)("yaml");
}
