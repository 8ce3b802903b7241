import {
  type API,
  apiVersionsV3,
  type Connection,
  consumerGroupDescribeV0,
  consumerGroupHeartbeatV1,
  createAPI,
  createPartitionsV3,
  createTopicsV7,
  deleteGroupsV2,
  deleteTopicsV6,
  describeConfigsV4,
  describeGroupsV5,
  fetchV12,
  findCoordinatorV3,
  heartbeatV4,
  incrementalAlterConfigsV1,
  initProducerIdV4,
  joinGroupV7,
  leaveGroupV4,
  listGroupsV4,
  listGroupsV5,
  listOffsetsV7,
  metadataV9,
  metadataV12,
  offsetCommitV8,
  offsetCommitV9,
  offsetDeleteV0,
  offsetFetchV7,
  ResponseError,
  syncGroupV5,
} from "@platformatic/kafka";
import { parseRawFetch, type RawFetchResponse } from "../consumer/raw-fetch.ts";
import { PRODUCE } from "../producer/produce-request.ts";
import { troubleOf } from "./link.ts";

/**
 * The requests that this package sends, each in one version: the oldest one that says what we need, so that
 * brokers from 2.8 on understand it.
 */
export const REQUEST = {
  // Written down, because its types have no name outside of their package.
  metadata: metadataV9.api as typeof metadataV9.api,
  listOffsets: listOffsetsV7.api,
  initProducerId: initProducerIdV4.api,
  findCoordinator: findCoordinatorV3.api,
  joinGroup: joinGroupV7.api,
  syncGroup: syncGroupV5.api,
  heartbeat: heartbeatV4.api,
  leaveGroup: leaveGroupV4.api,
  offsetCommit: offsetCommitV8.api,
  offsetFetch: offsetFetchV7.api,
  createTopics: createTopicsV7.api,
  deleteTopics: deleteTopicsV6.api,
  // Batches are read by this package itself: checked CRCs, no stall of the loop.
  fetch: createAPI<fetchV12.FetchRequest, RawFetchResponse>(1, 12, fetchV12.createRequest, parseRawFetch),
};

/** What members of groups of the new protocol (KIP-848) send in place of others; Apache Kafka 4.0 and newer. */
export const CONSUMER_PROTOCOL_REQUEST = {
  heartbeat: consumerGroupHeartbeatV1.api,
  /** Tells that what looks like a generation is the epoch of a member. */
  offsetCommit: offsetCommitV9.api,
  /** Tells the ids of topics, by which such a group names them. */
  metadata: metadataV12.api,
};

/** Requests of an administrator: a client that only produces and consumes does without them. */
export const ADMIN_REQUEST = {
  describeConfigs: describeConfigsV4.api,
  incrementalAlterConfigs: incrementalAlterConfigsV1.api,
  createPartitions: createPartitionsV3.api,
  describeGroups: describeGroupsV5.api,
  deleteGroups: deleteGroupsV2.api,
  offsetDelete: offsetDeleteV0.api,
  listGroups: listGroupsV4.api,
  /** Tells of each group whether it is one of the new protocol (KIP-848); Apache Kafka 4.0 and newer. */
  listTypedGroups: listGroupsV5.api,
  consumerGroupDescribe: consumerGroupDescribeV0.api,
};

/** Whether the broker answers this request in this version. */
export async function supports(link: Connection, api: { key: number; version: number }): Promise<boolean> {
  const { apiKeys } = await ask(link, apiVersionsV3.api, "candlewick", "0.1.0");
  const range = apiKeys.find(({ apiKey }) => apiKey === api.key);
  return range !== undefined && api.version >= range.minVersion && api.version <= range.maxVersion;
}

/** Which of our requests the broker cannot answer; empty for every broker that is new enough. */
export async function unsupportedRequests(link: Connection): Promise<string[]> {
  const { apiKeys } = await ask(link, apiVersionsV3.api, "candlewick", "0.1.0");
  const ranges = new Map(apiKeys.map((api) => [api.apiKey, api]));
  return Object.entries({ ...REQUEST, produce: PRODUCE })
    .filter(([, { key, version }]) => {
      const range = ranges.get(key);
      return range === undefined || version < range.minVersion || version > range.maxVersion;
    })
    .map(([name, { version }]) => `${name} v${version}`);
}

/**
 * Sends a request. Resolves with the answer whatever error codes it carries (the driver would throw them):
 * the caller looks at each. Rejects when there is no answer.
 */
export async function ask<Args extends unknown[], Response>(
  link: Connection,
  api: API<Args, Response>,
  ...args: Args
): Promise<Response> {
  try {
    return await api.async(link, ...args);
  } catch (error) {
    if (error instanceof ResponseError && error.response !== undefined) return error.response as Response;
    throw troubleOf(link, error) ?? error;
  }
}
