import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { updateFeatures as api } from "../protocol/messages/update-features.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { lastOfEach } from "./distinct.ts";
import { FEATURES } from "./features.ts";
import { type Handler, serve } from "./handler.ts";

type Update = RequestOf<typeof api>["featureUpdates"][number];

const RESULTS_UNTIL = 1;
/** Before it an update only says whether it may lower the level. */
const UPGRADE_TYPES_SINCE = 1;
/** To raise the level, and to lower it without loss or with. */
const UPGRADE_TYPES: ReadonlySet<number> = new Set([1, 2, 3]);

/** UpdateFeatures, versions 0 to 2: levels stay as they are, so that only a change to the present one succeeds. */
export const updateFeatures: Handler = serve(api, (request, { access, version }) => {
  if (!access.cluster(Operation.ALTER)) {
    const errorMessage = "Features may not be changed.";
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage, results: [] };
  }
  const updates = lastOfEach(request.featureUpdates, ({ feature }) => feature);
  const problem = updates.map((update) => problemOf(update, version)).find((found) => found !== undefined);
  if (problem !== undefined) {
    const errorCode = ErrorCode.INVALID_UPDATE_VERSION;
    return { errorCode, errorMessage: problem, results: [] };
  }
  const results = updates.map(({ feature }) => ({ feature, errorCode: ErrorCode.NONE }));
  return { errorCode: ErrorCode.NONE, results: version <= RESULTS_UNTIL ? results : [] };
});

function problemOf({ feature, maxVersionLevel, upgradeType }: Update, version: number): string | undefined {
  const known = FEATURES.find(({ name }) => name === feature);
  if (known === undefined) return `There is no feature ${feature}.`;
  if (version >= UPGRADE_TYPES_SINCE && !UPGRADE_TYPES.has(upgradeType))
    return `There is no upgrade of type ${upgradeType}.`;
  if (maxVersionLevel === known.level) return undefined;
  return `${feature} is at level ${known.level} and stays there.`;
}
