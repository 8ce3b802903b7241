import type { Client } from "./client.ts";
import { goClients } from "./golang.ts";
import { kafkajs, platformatic } from "./nodejs.ts";
import { pythonClients } from "./python.ts";

/** In the order of the table's rows. */
export const clients: readonly Client[] = [kafkajs, platformatic, ...goClients, ...pythonClients];
