import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import type { Client } from "./client.ts";
import { scenarios } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { type BrokerProcess, openSession } from "./sides.ts";
import { perform } from "./stage.ts";

/** How a scenario went on one broker. */
export type Outcome =
  | { readonly kind: "works" }
  | { readonly kind: "fails"; readonly reason: string }
  /** The client does not offer it. */
  | { readonly kind: "not offered" }
  /** The broker does not offer it. */
  | { readonly kind: "not served" };

export interface ClientResult {
  readonly client: Client;
  readonly scenario: Scenario;
  readonly embedded: Outcome;
  readonly apache: Outcome;
}

const CONSUMER_GROUP_HEARTBEAT = 68;

/** Runs every scenario that suits the client on both brokers at once. */
export async function runClient(
  client: Client,
  command: readonly string[],
  brokers: readonly [embedded: BrokerProcess, apache: BrokerProcess],
  onResult: (result: ClientResult) => void,
  chosen: readonly Scenario[] = scenarios,
): Promise<void> {
  for (const scenario of chosen) {
    const [embedded, apache] = await Promise.all([
      outcome(scenario, client, command, brokers[0]),
      outcome(scenario, client, command, brokers[1]),
    ]);
    onResult({ client, scenario, embedded, apache });
  }
}

/** Runs one scenario on one broker, where both offer what it needs. */
export async function outcome(
  scenario: Scenario,
  client: Client,
  command: readonly string[],
  broker: BrokerProcess,
): Promise<Outcome> {
  if (!scenario.suits(client)) return { kind: "not offered" };
  if (scenario.groupProtocol === "consumer" && !(await servesConsumerGroups(broker)))
    return { kind: "not served" };
  const reason = await perform(scenario, client, command, broker);
  return reason === null ? { kind: "works" } : { kind: "fails", reason };
}

async function servesConsumerGroups(broker: BrokerProcess): Promise<boolean> {
  const session = openSession(broker);
  try {
    const body = { clientSoftwareName: "conformance", clientSoftwareVersion: "1" };
    const answer = await session.ask(apiVersions, 3, body);
    return answer.apiKeys.some(({ apiKey }) => apiKey === CONSUMER_GROUP_HEARTBEAT);
  } finally {
    session.close();
  }
}
