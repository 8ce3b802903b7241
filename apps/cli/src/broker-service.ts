import { type BrokerOptions, startBroker } from "@candlewick/broker";
import type { Logger, Service } from "@candlewick/runtime/process";
import { brokerFailure, brokerLog } from "./broker-failure.ts";

/** The embedded broker as a part of a process. */
export interface BrokerService extends Service {
  /** HOST:PORT, as clients take it. */
  readonly address: string;
}

/** Starts the embedded broker. Rejects with a CandlewickError where the folder or the port cannot be had. */
export async function startBrokerService(
  options: Omit<BrokerOptions, "log">,
  logger: Logger,
): Promise<BrokerService> {
  const broker = await startBroker({ ...options, log: brokerLog(logger) }).catch((error: unknown) => {
    throw brokerFailure(error);
  });
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  return {
    name: "broker",
    address: broker.address,
    done,
    async stop() {
      // Whatever goes wrong at the end, it has ended.
      await broker.stop().finally(finish);
    },
  };
}
