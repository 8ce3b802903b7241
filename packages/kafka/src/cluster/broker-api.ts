import {
  type API,
  apiVersionsV3,
  type Connection,
  createAPI,
  createTopicsV7,
  deleteTopicsV6,
  fetchV12,
  findCoordinatorV3,
  heartbeatV4,
  initProducerIdV4,
  joinGroupV7,
  leaveGroupV4,
  listOffsetsV7,
  metadataV9,
  offsetCommitV8,
  offsetFetchV7,
  produceV9,
  ResponseError,
  syncGroupV5,
} from "@platformatic/kafka";
import { parseRawFetch, type RawFetchResponse } from "../consumer/raw-fetch.ts";
import { createProduceRequest, type TopicBatches } from "../producer/produce-request.ts";
import { troubleOf } from "./link.ts";

/**
 * The requests that this package sends, each in one version: the oldest one that says what we need, so that
 * brokers from 2.8 on understand it.
 */
export const REQUEST = {
  metadata: metadataV9.api,
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
  // Batches are written and read by this package itself: exact sizes, checked CRCs, no stall of the loop.
  produce: createAPI<
    [acks: number, timeoutMs: number, topics: readonly TopicBatches[]],
    produceV9.ProduceResponse
  >(0, 9, createProduceRequest, produceV9.parseResponse),
  fetch: createAPI<fetchV12.FetchRequest, RawFetchResponse>(1, 12, fetchV12.createRequest, parseRawFetch),
};

/** Which of our requests the broker cannot answer; empty for every broker that is new enough. */
export async function unsupportedRequests(link: Connection): Promise<string[]> {
  const { apiKeys } = await apiVersionsV3.api.async(link, "candlewick", "0.1.0");
  const ranges = new Map(apiKeys.map((api) => [api.apiKey, api]));
  return Object.entries(REQUEST)
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
