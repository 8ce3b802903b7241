import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeClientQuotas as api } from "../protocol/messages/describe-client-quotas.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, serve } from "./handler.ts";

const ENTITY_TYPES: ReadonlySet<string> = new Set(["user", "client-id", "ip"]);

/**
 * DescribeClientQuotas, versions 0 to 1: this broker throttles nobody, so that there are none. Left out:
 * AlterClientQuotas, because a quota that is stored and not kept would be worse than none.
 */
export const describeClientQuotas: Handler = serve(api, ({ components }, { access }) => {
  if (!access.cluster(Operation.DESCRIBE_CONFIGS)) {
    const errorMessage = "Quotas may not be seen.";
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage, entries: null };
  }
  const problem = problemOf(components);
  return problem === undefined ? { errorCode: ErrorCode.NONE, entries: [] } : { ...problem, entries: null };
});

function problemOf(
  components: RequestOf<typeof api>["components"],
): { readonly errorCode: ErrorCode; readonly errorMessage: string } | undefined {
  const types = components.map(({ entityType }) => entityType);
  if (types.includes("")) {
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "An entity type is empty." };
  }
  if (new Set(types).size < types.length) {
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "An entity type is named twice." };
  }
  const unknown = types.find((type) => !ENTITY_TYPES.has(type));
  if (unknown === undefined) return undefined;
  return { errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage: `There are no quotas of a ${unknown}.` };
}
