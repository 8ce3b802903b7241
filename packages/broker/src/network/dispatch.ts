import { apiVersions } from "../api/api-versions.ts";
import { type BrokerParts, NO_RESPONSE, type RequestContext } from "../api/handler.ts";
import type { Access } from "../auth/access.ts";
import type { Authentication } from "../auth/authentication.ts";
import { decodeRequest, encodeResponse } from "../protocol/codec.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import type { RefusalLog } from "./refusal-log.ts";
import { beginResponse, frame, readRequestHeader, skipTaggedFields } from "./request-header.ts";

/** What the connection knows of its client. */
export interface ClientEnd {
  readonly clientHost: string;
  readonly authentication: Authentication;
  readonly access: Access;
  readonly advertised: RequestContext["advertised"];
  readonly refusals: RefusalLog;
  readonly mute: (delayMs: number) => void;
}

/**
 * Serves one request. Throws MalformedMessage, before anything was done, where the bytes are no request of an
 * API and version that is served: Kafka closes the connection then. Resolves with undefined where nothing is
 * to be sent.
 */
export function dispatch(
  parts: BrokerParts,
  request: Buffer,
  client: ClientEnd,
): Promise<Buffer[] | undefined> {
  if (client.authentication.expectsBareToken) return takeBareToken(request, client);
  const reader = new Reader(request);
  const { apiKey, version, correlationId, clientId } = readRequestHeader(reader);
  const handler = parts.handlers.get(apiKey);
  if (handler === undefined) throw new MalformedMessage(`API ${apiKey} is not served`);
  const { api } = handler;
  if (!client.authentication.allows(apiKey))
    throw new MalformedMessage(`${api.name} without a login that is good`);
  if (version < api.minVersion || version > api.maxVersion) {
    if (apiKey === apiVersions.api.key) return Promise.resolve(unsupportedApiVersions(correlationId));
    throw new MalformedMessage(`version ${version} of ${api.name} is not served`);
  }
  if (version >= api.flexibleFrom) skipTaggedFields(reader);
  const body = decodeRequest(api, version, reader);
  const context: RequestContext = { ...parts, ...client, version, clientId, requestBytes: request.length };
  const result = handler.handle(body, context);
  return Promise.resolve(result).then((response) => {
    if (response === NO_RESPONSE) return undefined;
    client.refusals.note(api.name, clientId, response);
    const writer = beginResponse(api, version, correlationId);
    encodeResponse(api, version, writer, response);
    return frame(writer);
  });
}

/** A token after an old handshake: answered by a token, or by the end of the connection. */
async function takeBareToken(token: Buffer, { authentication }: ClientEnd): Promise<Buffer[]> {
  const step = await authentication.step(token);
  if (step.kind !== "go-on") throw new MalformedMessage("authentication failed");
  const writer = new Writer();
  writer.bytes(step.token);
  return frame(writer);
}

/** A client that is too new is told, in the oldest form, which versions of ApiVersions it may use instead. */
function unsupportedApiVersions(correlationId: number): Buffer[] {
  const { api } = apiVersions;
  const writer = beginResponse(api, 0, correlationId);
  const { key: apiKey, minVersion, maxVersion } = api;
  encodeResponse(api, 0, writer, {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey, minVersion, maxVersion }],
  });
  return frame(writer);
}
