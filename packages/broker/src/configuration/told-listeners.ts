import type { ListenerOptions } from "../network/listener-options.ts";

/** A listener that is open. */
export interface OpenListener {
  readonly options: ListenerOptions;
  readonly host: string;
  /** The port that it has, which the system may have chosen. */
  readonly port: number;
}

/** Where the broker listens and what it tells to clients, as Kafka's settings write it. */
export function listenerTexts(open: readonly OpenListener[]): Readonly<Record<string, string>> {
  const names = listenerNames(open);
  const told = open.map(({ options, host, port }, index) => {
    const { protocol, advertisedHost = host, advertisedPort = port } = options;
    return { name: names[index] ?? protocol, protocol, host, port, advertisedHost, advertisedPort };
  });
  const list = (text: (one: (typeof told)[number]) => string): string => told.map(text).join();
  return {
    listeners: list(({ name, host, port }) => `${name}://${inUrl(host)}:${port}`),
    "advertised.listeners": list(
      ({ name, advertisedHost, advertisedPort }) => `${name}://${inUrl(advertisedHost)}:${advertisedPort}`,
    ),
    "listener.security.protocol.map": list(({ name, protocol }) => `${name}:${protocol}`),
  };
}

/** Their own names, or those of their protocols, each once. */
function listenerNames(open: readonly OpenListener[]): string[] {
  const taken = new Set<string>();
  return open.map(({ options }) => {
    const wanted = options.name ?? options.protocol;
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return name;
  });
}

function inUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
