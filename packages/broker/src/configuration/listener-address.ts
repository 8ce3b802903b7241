import { BrokerError } from "../broker-error.ts";

export interface ListenerAddress {
  /** Empty where it was left out: every address of the machine, or the client's own way here. */
  readonly host: string;
  readonly port: number;
}

/**
 * The one plain listener in Kafka's `listeners` or `advertised.listeners`. Listeners of controllers are passed
 * over: a single broker needs none. Throws a BrokerError where there is none, several, or one of another kind.
 */
export function plainListener(
  name: string,
  value: string,
  controllers: ReadonlySet<string>,
): ListenerAddress {
  const all = value.split(",").map((part) => part.trim());
  const others = all.filter((part) => !controllers.has(part.split("://", 1)[0]?.toUpperCase() ?? ""));
  const [only, second] = others;
  const match = /^PLAINTEXT:\/\/(?:\[([\da-f:.]+)\]|([^\s:/]*)):(\d{1,5})$/i.exec(only ?? "");
  const port = Number(match?.[3]);
  if (match === null || second !== undefined || port > 65_535) {
    const message = `${name} is "${value}"; write one listener, such as PLAINTEXT://127.0.0.1:9092.`;
    throw new BrokerError("OPTION_INVALID", message);
  }
  return { host: match[1] ?? match[2] ?? "", port };
}
