import { type BrokerOptions, startBroker } from "@candlewick/broker";

/** The embedded broker in a process of its own: tells its port to the parent. */
const broker = await startBroker(JSON.parse(process.argv[2] ?? "{}") as BrokerOptions);
process.send?.(broker.port);
process.once("disconnect", () => process.exit(1));
