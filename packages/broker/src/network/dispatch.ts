import { apiVersions } from "../api/api-versions.ts";
import { type BrokerParts, NO_RESPONSE, type RequestContext } from "../api/handler.ts";
import type { Access } from "../auth/access.ts";
import type { Authentication } from "../auth/authentication.ts";
import { decodeRequest, encodeResponse } from "../protocol/codec.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { saslAuthenticate } from "../protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../protocol/messages/sasl-handshake.ts";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import type { Encodable, Fields } from "../protocol/schema.ts";
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
  const watch = isLogin(apiKey)
    ? undefined
    : parts.throttles.requestTime.watch({ user: client.authentication.user, clientId });
  const body = decodeRequest(api, version, reader);
  const context: RequestContext = {
    ...parts,
    ...client,
    version,
    clientId,
    requestBytes: request.length,
    watch,
  };
  const result = handler.handle(body, context);
  watch?.pause();
  return Promise.resolve(result).then((response) => {
    if (response === NO_RESPONSE) return undefined;
    watch?.resume();
    client.refusals.note(api.name, clientId, response);
    const writer = beginResponse(api, version, correlationId);
    const silenceMs = watch?.silenceMs(parts.clock.nowMs()) ?? 0;
    encodeResponse(api, version, writer, silenceMs === 0 ? response : silenced(response, silenceMs, client));
    watch?.end(parts.clock.nowMs());
    return frame(writer);
  });
}

/** Logins cost nobody anything, as in Kafka: who the client is comes out only by them. */
function isLogin(apiKey: number): boolean {
  return apiKey === saslHandshake.key || apiKey === saslAuthenticate.key;
}

/** Tells a client to be silent, and does not listen to it meanwhile; a bound on bytes may ask for more than this one. */
function silenced(response: Encodable<Fields>, silenceMs: number, client: ClientEnd): Encodable<Fields> {
  const { throttleTimeMs = 0 } = response as { readonly throttleTimeMs?: number };
  const longerMs = Math.max(silenceMs, throttleTimeMs);
  client.mute(longerMs);
  return { ...response, throttleTimeMs: longerMs };
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
