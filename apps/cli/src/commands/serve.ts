import { parseInterval } from "@candlewick/domain";
import { startServe } from "@candlewick/serve";
import type { Command } from "commander";
import { output } from "../output.ts";
import { serviceCommand } from "../services/service-command.ts";
import { version } from "../version.ts";
import { webRoot } from "../web-root.ts";

/** `serve`: HTTP, WebSocket and the web page. */
export function serveCommand(): Command {
  return serviceCommand("serve", async ({ config, ...deps }) => {
    const { serve, dataflow } = config;
    const settings = { ...serve, webRoot: serve.webRoot ?? webRoot(), dataflowGroup: dataflow.group };
    const intervals = dataflow.intervals.map(parseInterval);
    const service = await startServe(settings, { ...deps, version: version(), intervals });
    await output.line(`candlewick serve: listening on ${service.url}`);
    await output.flush();
    return service;
  });
}
