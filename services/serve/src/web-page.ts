import { existsSync } from "node:fs";
import { join } from "node:path";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** The page loads nothing from elsewhere; styles are also set by the chart's library. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the built page in that folder. Throws CONFIGURATION where it is not there. */
export async function registerWebPage(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, "index.html"))) {
    throw new CandlewickError(
      ERRORS.configuration,
      `there is no built web page in ${folder}`,
      "Build it with npm run build:web, or leave serve.webRoot out",
    );
  }
  await app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    setHeaders(reply, path) {
      reply.header("x-content-type-options", "nosniff");
      if (path.endsWith(".html")) {
        reply.header("content-security-policy", CONTENT_SECURITY_POLICY);
        reply.header("referrer-policy", "no-referrer");
        reply.header("cache-control", "no-cache");
      } else {
        // The names of the other files hold a hash of their content.
        reply.header("cache-control", "public, max-age=31536000, immutable");
      }
    },
  });
}
