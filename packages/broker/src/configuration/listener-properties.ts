import { asksForLogin, isEncrypted, type ListenerOptions } from "../network/listener-options.ts";
import type { BrokerOptions } from "../options.ts";
import { type ListenerAddress, listenerAddresses, protocolMap } from "./listener-address.ts";
import { missing } from "./missing-setting.ts";
import { tlsOptions } from "./tls-properties.ts";

export const LISTENER_NAMES: readonly string[] = [
  "listeners",
  "advertised.listeners",
  "controller.listener.names",
  "listener.security.protocol.map",
];

type AddressOptions = Pick<
  BrokerOptions,
  "listenerName" | "host" | "port" | "advertisedHost" | "advertisedPort" | "protocol" | "listeners"
>;

export interface Listeners {
  readonly options: AddressOptions & Pick<BrokerOptions, "tls">;
  /** Their names, as the file has them. */
  readonly names: readonly string[];
  readonly needSasl: boolean;
}

/** Where the broker listens, and how it proves there who it is: the first listener is the broker's own address, the others come beside it. */
export function listenerOptions(given: ReadonlyMap<string, string>): Listeners {
  const controllerNames = given.get("controller.listener.names") ?? "CONTROLLER";
  const controllers = new Set(controllerNames.split(",").map((name) => name.trim().toUpperCase()));
  const protocols = protocolMap(given.get("listener.security.protocol.map"));
  const read = (setting: string): ListenerAddress[] => {
    const value = given.get(setting);
    return value === undefined ? [] : listenerAddresses(setting, value, controllers, protocols);
  };
  const listening = read("listeners");
  const advertised = read("advertised.listeners");
  const [first, ...others] = listening;
  // What no listener needs must make sense as well.
  if (!listening.some(({ protocol }) => isEncrypted(protocol))) tlsOptions(given);
  const tlsOf = (one: ListenerAddress): Pick<ListenerOptions, "tls"> => {
    if (!isEncrypted(one.protocol)) return {};
    const tls = tlsOptions(given, one.name);
    if (tls === undefined) throw missing("ssl.keystore.location");
    return { tls };
  };
  const advertisedFirst = first === undefined ? advertised[0] : named(advertised, first.name);
  return {
    options: {
      ...(first === undefined ? {} : { listenerName: first.name, ...ownAddress(first), ...tlsOf(first) }),
      ...(advertisedFirst === undefined ? {} : publicAddress(advertisedFirst)),
      ...(others.length === 0
        ? {}
        : {
            listeners: others.map(
              (one): ListenerOptions => ({
                name: one.name,
                ...ownAddress(one),
                ...publicAddress(named(advertised, one.name)),
                ...tlsOf(one),
              }),
            ),
          }),
    },
    names: listening.map(({ name }) => name),
    needSasl: listening.some(({ protocol }) => asksForLogin(protocol)),
  };
}

function named(addresses: readonly ListenerAddress[], name: string): ListenerAddress | undefined {
  return addresses.find((address) => address.name === name);
}

function ownAddress({ host, port, protocol }: ListenerAddress) {
  return { host: host === "" ? "0.0.0.0" : host, port, protocol };
}

function publicAddress(address: ListenerAddress | undefined) {
  if (address === undefined) return {};
  const { host, port } = address;
  return { advertisedPort: port, ...(host === "" ? {} : { advertisedHost: host }) };
}
