import { ErrorCode } from "../protocol/error-code.ts";
import { apiVersions as api } from "../protocol/messages/api-versions.ts";
import { type Handler, serve } from "./handler.ts";

const SOFTWARE_SINCE = 3;
/** What a client's name and version may look like: they become labels of metrics in Kafka. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * ApiVersions, versions 0 to 4: what this broker serves and nothing else. Left out: feature flags, which steer
 * clusters of several brokers.
 */
export const apiVersions: Handler = serve(api, (request, { handlers, version }) => {
  const isNamed = SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion);
  if (version >= SOFTWARE_SINCE && !isNamed) return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
  return {
    errorCode: ErrorCode.NONE,
    apiKeys: [...handlers.values()]
      .map(({ api: served }) => ({
        apiKey: served.key,
        minVersion: served.minVersion,
        maxVersion: served.maxVersion,
      }))
      .sort((a, b) => a.apiKey - b.apiKey),
  };
});
