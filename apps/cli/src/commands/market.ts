import { parseInterval } from "@candlewick/domain";
import { startMarket } from "@candlewick/market";
import type { Command } from "commander";
import { serviceCommand } from "../services/service-command.ts";

/** `market`: the live view of all pairs. */
export function marketCommand(): Command {
  return serviceCommand("market", ({ config, ...deps }) =>
    startMarket(config.market, {
      ...deps,
      chain: config.chain.name,
      intervals: config.dataflow.intervals.map(parseInterval),
      dataflowGroup: config.dataflow.group,
    }),
  );
}
