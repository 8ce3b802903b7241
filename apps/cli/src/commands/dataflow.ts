import { startDataflow } from "@candlewick/dataflow";
import type { Command } from "commander";
import { serviceCommand } from "../services/service-command.ts";

/** `dataflow`: trades and candles from Kafka into PostgreSQL. */
export function dataflowCommand(): Command {
  return serviceCommand("dataflow", ({ config, ...deps }) =>
    startDataflow(config.dataflow, { ...deps, chain: config.chain.name }),
  );
}
