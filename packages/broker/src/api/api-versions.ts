import { ErrorCode } from "../protocol/error-code.ts";
import { apiVersions as api } from "../protocol/messages/api-versions.ts";
import { type Handler, serve } from "./handler.ts";

/**
 * ApiVersions, versions 0 to 4: what this broker serves and nothing else. Left out: feature flags, which steer
 * clusters of several brokers.
 */
export const apiVersions: Handler = serve(api, (_request, { handlers }) => ({
  errorCode: ErrorCode.NONE,
  apiKeys: [...handlers.values()]
    .map(({ api: served }) => ({
      apiKey: served.key,
      minVersion: served.minVersion,
      maxVersion: served.maxVersion,
    }))
    .sort((a, b) => a.apiKey - b.apiKey),
}));
