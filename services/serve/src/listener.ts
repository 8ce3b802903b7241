import type { Interval } from "@candlewick/domain";
import { CandlewickError, ERRORS, type Logger, type Registry } from "@candlewick/runtime";
import fastifyWebsocket from "@fastify/websocket";
import Fastify, { type FastifyInstance } from "fastify";
import type { ServeConfig } from "./config.ts";
import { registerApi } from "./http-api.ts";
import { answerErrors, errorBody } from "./http-error.ts";
import type { Hub } from "./hub.ts";
import type { MarketReads } from "./ports.ts";
import type { ServeMetrics } from "./serve-metrics.ts";
import type { StatusService } from "./status-service.ts";
import { registerWebPage } from "./web-page.ts";
import type { WebSocketGateway } from "./websocket-gateway.ts";

/** What answers are made of. */
export interface ListenerParts {
  readonly reads: MarketReads;
  readonly intervals: readonly Interval[];
  readonly hub: Hub;
  readonly gateway: WebSocketGateway;
  readonly status: StatusService;
  readonly metrics: ServeMetrics;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly now: () => number;
  /** Whether the live topics are being read. */
  readonly live: () => boolean;
}

/** An open port. */
export interface Listener {
  readonly url: string;
  close(deadlineMs: number): Promise<void>;
}

const MAX_CLIENT_MESSAGE_BYTES = 16 * 1024;

/** Listens for HTTP and WebSocket. Throws PORT_IN_USE, or CONFIGURATION for an address that is not this machine's. */
export async function openListener(config: ServeConfig, parts: ListenerParts): Promise<Listener> {
  const app = await buildApp(config, parts);
  const { host, port } = config;
  const url = await app.listen({ host, port }).catch(async (error: unknown) => {
    await app.close();
    throw listenError(error, host, port);
  });
  return {
    url,
    async close(deadlineMs) {
      parts.gateway.close();
      const timer = setTimeout(() => parts.gateway.terminate(), Math.min(deadlineMs, 2000));
      await app.close();
      clearTimeout(timer);
    },
  };
}

/** The routes without a port, as tests call them. */
export async function buildApp(config: ServeConfig, parts: ListenerParts): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: 1024,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    // An address that no route can be looked up for; the types of this hook know no body but a route's.
    frameworkErrors: (error, _request, { raw }) => {
      const message = `The address cannot be read: ${error.message}.`;
      raw.writeHead(400, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
      raw.end(JSON.stringify(errorBody("BAD_INPUT", message, "Write it with percent-encoding.")));
    },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
  });
  answerErrors(app, parts.logger);
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    parts.metrics.requestSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
  await app.register(fastifyWebsocket, {
    options: { maxPayload: MAX_CLIENT_MESSAGE_BYTES, perMessageDeflate: false },
    // The default would wait for every client to close first.
    preClose: (done) => done(),
  });
  app.get("/ws", { websocket: true }, (socket) => parts.gateway.accept(socket));
  registerApi(app, {
    reads: parts.reads,
    intervals: parts.intervals,
    now: parts.now,
    price: (pair) => parts.hub.price(pair),
    status: () => parts.status.status(),
  });
  registerHealth(app, parts);
  if (config.webRoot !== null) await registerWebPage(app, config.webRoot);
  return app;
}

function registerHealth(app: FastifyInstance, { status, live, registry }: ListenerParts): void {
  app.get("/livez", (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    await status.status();
    const parts = [
      { name: "store", ready: status.storeAnswers },
      { name: "live-source", ready: live() },
    ];
    const ready = parts.every((part) => part.ready);
    return reply
      .code(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ ready, parts });
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new CandlewickError(
      ERRORS.portInUse,
      `port ${port} on ${host} is in use`,
      "Stop the program that uses it, or choose another with --port (0 takes a free one)",
      { cause: error },
    );
  }
  if (code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND") {
    return new CandlewickError(
      ERRORS.configuration,
      `serve cannot listen on ${host}:${port}`,
      "Set serve.host and serve.port to an address of this machine that you may use",
      { cause: error },
    );
  }
  return error;
}
