import { BrokerError } from "../broker-error.ts";
import type { SecurityProtocol } from "../network/listener-options.ts";

export interface ListenerAddress {
  readonly name: string;
  readonly protocol: SecurityProtocol;
  /** Empty where it was left out: every address of the machine, or the client's own way here. */
  readonly host: string;
  readonly port: number;
}

const PROTOCOLS: readonly SecurityProtocol[] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

/** What each listener's name stands for, in Kafka's `listener.security.protocol.map`. */
export function protocolMap(value: string | undefined): ReadonlyMap<string, SecurityProtocol> {
  const map = new Map<string, SecurityProtocol>(PROTOCOLS.map((protocol) => [protocol, protocol]));
  for (const pair of (value ?? "").split(",")) {
    const [name = "", given = ""] = pair.split(":").map((part) => part.trim().toUpperCase());
    if (name === "" && given === "") continue;
    const protocol = PROTOCOLS.find((known) => known === given);
    if (protocol === undefined) {
      const message = `listener.security.protocol.map has "${pair.trim()}"; the protocols are ${PROTOCOLS.join(", ")}.`;
      throw new BrokerError("OPTION_INVALID", message);
    }
    map.set(name, protocol);
  }
  return map;
}

/**
 * The listeners for clients in Kafka's `listeners` or `advertised.listeners`. Those of controllers are passed over:
 * a single broker needs none. Throws a BrokerError where there is none, or one that makes no sense.
 */
export function listenerAddresses(
  setting: string,
  value: string,
  controllers: ReadonlySet<string>,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): ListenerAddress[] {
  const found = value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => !controllers.has(part.split("://", 1)[0]?.toUpperCase() ?? ""))
    .map((part): ListenerAddress => {
      const match = /^([\w.-]+):\/\/(?:\[([\da-f:.]+)\]|([^\s:/]*)):(\d{1,5})$/i.exec(part);
      const name = match?.[1]?.toUpperCase() ?? "";
      const port = Number(match?.[4]);
      const protocol = protocols.get(name);
      if (match === null || port > 65_535) throw wrong(setting, value);
      if (protocol === undefined) {
        const message = `${setting} has the listener ${name}, which listener.security.protocol.map does not name.`;
        throw new BrokerError("OPTION_INVALID", message);
      }
      return { name, protocol, host: match[2] ?? match[3] ?? "", port };
    });
  const isDistinct = new Set(found.map(({ name }) => name)).size === found.length;
  if (found.length === 0 || !isDistinct) throw wrong(setting, value);
  return found;
}

function wrong(setting: string, value: string): BrokerError {
  const message = `${setting} is "${value}"; write listeners of different names, such as PLAINTEXT://127.0.0.1:9092.`;
  return new BrokerError("OPTION_INVALID", message);
}
