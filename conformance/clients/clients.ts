import type { Client } from "./client.ts";
import { goClients } from "./golang.ts";
import { java, streams } from "./jvm.ts";
import { kcat } from "./kcat.ts";
import { kafkaJavascript } from "./librdkafka-nodejs.ts";
import { kafkajs, platformatic } from "./nodejs.ts";
import { pythonClients } from "./python.ts";

/** In the order of the table's rows. */
export const clients: readonly Client[] = [
  kcat,
  java,
  streams,
  kafkajs,
  platformatic,
  kafkaJavascript,
  ...goClients,
  ...pythonClients,
];
