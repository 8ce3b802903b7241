import { CandlewickError } from "@candlewick/runtime";
import { CONSUMER_PROTOCOL_REQUEST, supports } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { KAFKA_ERRORS } from "../cluster/errors.ts";
import { ClassicMembership } from "./classic-membership.ts";
import type { ConsumerPlan } from "./consumer-plan.ts";
import { ConsumerProtocolMembership } from "./consumer-protocol-membership.ts";
import { cooperativeStickyAssignor } from "./cooperative-sticky-assignor.ts";
import type { Membership } from "./membership.ts";
import { rangeAssignor } from "./range-assignor.ts";

/** The membership that a consumer's plan asks for. */
export function membershipOf(
  cluster: Cluster,
  plan: ConsumerPlan,
  topics: () => readonly string[],
): Membership {
  const { groupId, groupInstanceId = null } = plan.options;
  const { sessionTimeoutMs, rebalanceTimeoutMs, heartbeatIntervalMs, assignor } = plan;
  const settings = {
    groupId,
    topics,
    groupInstanceId,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    heartbeatIntervalMs,
  };
  if (plan.groupProtocol === "consumer")
    return new ConsumerProtocolMembership(cluster, { ...settings, assignor });
  const chosen = assignor === cooperativeStickyAssignor.name ? cooperativeStickyAssignor : rangeAssignor;
  return new ClassicMembership(cluster, { ...settings, assignor: chosen });
}

/** Throws BROKER_TOO_OLD where the brokers do not serve the protocol. */
export async function requireProtocol(
  cluster: Cluster,
  protocol: ConsumerPlan["groupProtocol"],
): Promise<void> {
  if (protocol === "classic") return;
  if (await supports(await cluster.anyLink(), CONSUMER_PROTOCOL_REQUEST.heartbeat)) return;
  throw new CandlewickError(
    KAFKA_ERRORS.brokerTooOld,
    `The Kafka at ${cluster.connection.brokers.join(", ")} does not serve groups of the protocol "consumer".`,
    'Use Apache Kafka 4.0 or newer, or groupProtocol "classic" with the assignor "cooperative-sticky".',
  );
}
