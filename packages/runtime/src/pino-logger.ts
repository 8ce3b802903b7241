import { createRequire } from "node:module";
import { type Logger as PinoLogger, pino } from "pino";
import type { LogFields, Logger } from "./logger.ts";
import { redact, redactText } from "./redaction.ts";

/** Where and how a logger writes. */
export interface LoggerOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  /** `auto`: pretty on a terminal, JSON lines elsewhere. */
  readonly format: "auto" | "json" | "pretty";
  /** Standard error by default, so that data on standard output stay clean. */
  readonly output?: "stderr" | "stdout";
}

/** A logger that writes JSON lines, or pretty ones for a person; never a secret. Writes at once, so that a crash loses no line. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.output === "stdout" ? process.stdout : process.stderr;
  const isPretty = options.format === "pretty" || (options.format === "auto" && stream.isTTY === true);
  const settings = {
    level: options.level,
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const { fd } = stream;
  const destination = isPretty
    ? loadPretty()({
        destination: fd,
        sync: true,
        colorize: stream.isTTY === true,
        messageKey: "message",
        translateTime: "SYS:HH:MM:ss.l",
      })
    : pino.destination({ fd, sync: true });
  // A reader that went away must not take the service with it.
  destination.on("error", () => undefined);
  return wrap(pino(settings, destination));
}

/** Loaded only for a person at a terminal: it would lengthen every start. */
function loadPretty(): typeof import("pino-pretty") {
  return createRequire(import.meta.url)("pino-pretty");
}

function wrap(inner: PinoLogger): Logger {
  const write = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
    if (!inner.isLevelEnabled(level)) return;
    if (fields === undefined) inner[level](redactText(message));
    else inner[level](redact(fields), redactText(message));
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => wrap(inner.child(Object(redact(fields)))),
  };
}
