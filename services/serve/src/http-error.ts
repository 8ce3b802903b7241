import { CandlewickError, type Logger } from "@candlewick/runtime";
import type { FastifyError, FastifyInstance } from "fastify";

/** An error as a client reads it. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly advice: string };
}

/** A request that cannot be answered, with its HTTP status. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly code: string;
  readonly advice: string;

  constructor(status: number, code: string, message: string, advice: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.advice = advice;
  }
}

/** Answers every failure in the one form of an error, without inner details. */
export function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, body } = describe(error);
    if (status >= 500) {
      const fields = { method: request.method, url: request.url, status, code: body.error.code };
      if (status === 503) logger.warn("a request found a part unreachable", fields);
      else logger.error("a request failed", { ...fields, reason: error.message, stack: error.stack });
    }
    return reply.code(status).header("cache-control", "no-store").send(body);
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .header("cache-control", "no-store")
      .send(
        errorBody(
          "NOT_FOUND",
          `There is nothing at ${request.url.split("?", 1)[0]}.`,
          "See /api/pairs, /api/candles, /api/trades and /api/status.",
        ),
      ),
  );
}

/** The body of an error. */
export function errorBody(code: string, message: string, advice: string): ErrorBody {
  return { error: { code, message, advice } };
}

function describe(error: FastifyError | HttpProblem | CandlewickError): { status: number; body: ErrorBody } {
  if (error instanceof HttpProblem) {
    return { status: error.status, body: errorBody(error.code, error.message, error.advice) };
  }
  if (error instanceof CandlewickError) {
    const status = error.fault === "peer" ? 503 : error.code === "BAD_INPUT" ? 400 : 500;
    return { status, body: errorBody(error.code, error.message, error.advice) };
  }
  if ("validation" in error && error.validation !== undefined) {
    const first = error.validation[0];
    const name = first?.instancePath.slice(1) || String(first?.params.missingProperty ?? "");
    const unknown = first?.params.additionalProperty;
    const message =
      unknown === undefined
        ? `The parameter ${name} ${first?.message ?? "is not valid"}.`
        : `There is no parameter ${String(unknown)}.`;
    return { status: 400, body: errorBody("BAD_INPUT", message, "Correct the parameters of the address.") };
  }
  const status = error.statusCode ?? 500;
  if (status < 500) {
    return {
      status,
      body: errorBody("BAD_INPUT", "The request cannot be read.", "Send a plain GET request."),
    };
  }
  return {
    status: 500,
    body: errorBody("BUG", "The request failed inside.", "See the log of the server for the reason."),
  };
}
