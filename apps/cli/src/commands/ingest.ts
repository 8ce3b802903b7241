import { startIngest } from "@candlewick/ingest";
import type { Command } from "commander";
import { serviceCommand } from "../services/service-command.ts";

/** `ingest`: blocks of the chain into Kafka. */
export function ingestCommand(): Command {
  return serviceCommand("ingest", ({ config, ...deps }) => startIngest(config.ingest, deps));
}
