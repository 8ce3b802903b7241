import type { BrokerParts } from "../api/handler.ts";
import { decodeRequest, encodeResponse } from "../protocol/codec.ts";
import { addPartitionsToTxn } from "../protocol/messages/add-partitions-to-txn.ts";
import { createTopics } from "../protocol/messages/create-topics.ts";
import { fetch } from "../protocol/messages/fetch.ts";
import { listOffsets } from "../protocol/messages/list-offsets.ts";
import { metadata } from "../protocol/messages/metadata.ts";
import { offsetCommit } from "../protocol/messages/offset-commit.ts";
import { produce } from "../protocol/messages/produce.ts";
import { txnOffsetCommit } from "../protocol/messages/txn-offset-commit.ts";
import { Reader } from "../protocol/reader.ts";
import type { Api, Decoded, Encodable, Fields } from "../protocol/schema.ts";
import { beginResponse, frame, readRequestHeader, skipTaggedFields } from "./request-header.ts";

type Failure = (request: Decoded<Fields>, errorCode: number) => Encodable<Fields>;

function failure<Req extends Fields, Res extends Fields>(
  api: Api<Req, Res>,
  make: (request: Decoded<Req>, errorCode: number) => Encodable<Res>,
): [number, Failure] {
  return [api.key, make as unknown as Failure];
}

/** APIs whose answers name the error for each topic or partition that was asked for. */
const failures: ReadonlyMap<number, Failure> = new Map([
  failure(produce, ({ topicData }, errorCode) => ({
    responses: topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
    })),
  })),
  failure(fetch, ({ topics }, errorCode) => ({
    responses: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode,
        highWatermark: -1,
        records: [],
      })),
    })),
  })),
  failure(metadata, ({ topics }, errorCode) => ({
    brokers: [],
    topics: (topics ?? []).map(({ name }) => ({ errorCode, name, partitions: [] })),
  })),
  failure(listOffsets, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  })),
  failure(offsetCommit, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  })),
  failure(txnOffsetCommit, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  })),
  failure(addPartitionsToTxn, ({ topics }, partitionErrorCode) => ({
    errorCode: partitionErrorCode,
    results: topics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode })),
    })),
  })),
  failure(createTopics, ({ topics }, errorCode) => ({
    topics: topics.map(({ name }) => ({ name, errorCode })),
  })),
]);

/**
 * The answer that refuses a request with an error code, without serving it. Throws an Error for the few APIs whose
 * answers have no place for one.
 */
export function failedAnswer(parts: BrokerParts, request: Buffer, errorCode: number): Buffer[] {
  const reader = new Reader(request);
  const { apiKey, version, correlationId } = readRequestHeader(reader);
  const api = parts.handlers.get(apiKey)?.api;
  if (api === undefined) throw new Error(`API ${apiKey} is not served, so it cannot be refused`);
  if (version >= api.flexibleFrom) skipTaggedFields(reader);
  const make = failures.get(apiKey);
  if (make === undefined && !("errorCode" in api.response)) {
    throw new Error(`${api.name} cannot be refused with an error code`);
  }
  const body = decodeRequest(api, version, reader);
  const answer = make === undefined ? emptyAnswer(api.response, errorCode) : make(body, errorCode);
  const writer = beginResponse(api, version, correlationId);
  encodeResponse(api, version, writer, answer);
  return frame(writer);
}

/** The error code, and of everything else nothing. */
function emptyAnswer(fields: Fields, errorCode: number): Encodable<Fields> {
  const values = Object.entries(fields).map(([name, { fallback }]) => [name, fallback]);
  return { ...Object.fromEntries(values), errorCode };
}
