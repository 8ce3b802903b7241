import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the built web page; null where it was not built: HTTP and WebSocket are served without it. */
export function webRoot(): string | null {
  const folder = fileURLToPath(new URL("../../web/dist/", import.meta.url));
  return existsSync(folder) ? folder : null;
}
