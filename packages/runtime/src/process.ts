/**
 * What every process needs: errors, logs, start and stop. An entry of its own, because configuration and
 * metrics bring libraries along that take longer to load than all of this.
 */
export * from "./clock.ts";
export * from "./config/defaults.ts";
export * from "./errors.ts";
export * from "./lifecycle.ts";
export * from "./logger.ts";
export * from "./pino-logger.ts";
export * from "./process-guard.ts";
export * from "./redaction.ts";
export * from "./report.ts";
export * from "./service.ts";
export * from "./suggestion.ts";
