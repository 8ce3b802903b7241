import { ErrorCode } from "../protocol/error-code.ts";
import { apiVersions as api } from "../protocol/messages/api-versions.ts";
import { FEATURES } from "./features.ts";
import { type Handler, serve } from "./handler.ts";

const SOFTWARE_SINCE = 3;
const ZERO_FEATURES_SINCE = 4;
/** What a client's name and version may look like: they become labels of metrics in Kafka. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * ApiVersions, versions 0 to 4: what this broker serves and nothing else, and its feature levels. Features that begin
 * with version 0 are told from version 4 on, as older clients do not understand them.
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
    supportedFeatures: FEATURES.filter(
      ({ minVersion }) => minVersion > 0 || version >= ZERO_FEATURES_SINCE,
    ).map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: FEATURES.filter(({ level }) => level > 0).map(({ name, level }) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  };
});
