import type { Registry } from "prom-client";
import { CandlewickError, ERRORS } from "./errors.ts";
import type { Service } from "./service.ts";

/** Whether one part can do its work now; the reason is for a person. */
export interface Readiness {
  readonly name: string;
  readonly ready: boolean;
  readonly reason?: string;
}

export interface HealthOptions {
  /** 127.0.0.1 unless the configuration says otherwise. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Registry;
  /** Asked on every `/readyz`. */
  readiness(): readonly Readiness[];
}

/** The health server of a process, and its address. */
export interface HealthServer extends Service {
  readonly url: string;
}

/**
 * Serves `/livez` (the process runs), `/readyz` (200 where all parts are ready, else 503; both with the
 * list) and `/metrics` in Prometheus' form. Throws PORT_IN_USE.
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  // Most processes never serve this: the server is loaded where it is wanted.
  const { default: Fastify } = await import("fastify");
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.get("/livez", (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", (_request, reply) => {
    const parts = options.readiness();
    const ready = parts.every((part) => part.ready);
    return reply.code(ready ? 200 : 503).send({ ready, parts });
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.metrics()),
  );
  const url = await app.listen({ host: options.host, port: options.port }).catch((cause: unknown) => {
    throw listenError(cause, options);
  });
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  return {
    name: "health",
    url,
    done,
    async stop() {
      await app.close();
      finish();
    },
  };
}

function listenError(cause: unknown, { host, port }: HealthOptions): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const address = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return new CandlewickError(
      ERRORS.portInUse,
      `the health server's address ${address} is in use`,
      "Stop what uses it, or set health.port to another",
      { cause },
    );
  }
  if (code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND") {
    return new CandlewickError(
      ERRORS.configuration,
      `the health server cannot listen on ${address}`,
      "Set health.host and health.port to an address of this machine",
      { cause },
    );
  }
  return cause;
}
