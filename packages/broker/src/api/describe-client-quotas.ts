import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeClientQuotas as api } from "../protocol/messages/describe-client-quotas.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { isQuotaEntityType, partsOf, type QuotaEntity } from "../quotas/quota-entity.ts";
import { type Handler, serve } from "./handler.ts";

type Component = RequestOf<typeof api>["components"][number];

/** How a component of the filter matches: this name, the default, or any that is there. */
const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

/** DescribeClientQuotas, versions 0 to 1. */
export const describeClientQuotas: Handler = serve(api, ({ components, strict }, { access, quotas }) => {
  if (!access.cluster(Operation.DESCRIBE_CONFIGS)) {
    const errorMessage = "Quotas may not be seen.";
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage, entries: null };
  }
  const problem = problemOf(components);
  if (problem !== undefined) return { ...problem, entries: null };
  const found = quotas.all().filter(({ entity }) => matches(entity, components, strict));
  return {
    errorCode: ErrorCode.NONE,
    entries: found.map(({ entity, quotas: bounds }) => ({
      entity: partsOf(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      values: Object.entries(bounds).map(([key, value]) => ({ key, value })),
    })),
  };
});

function matches(entity: QuotaEntity, components: readonly Component[], strict: boolean): boolean {
  if (strict && partsOf(entity).length !== components.length) return false;
  return components.every(({ entityType, matchType, match }) => {
    const name = isQuotaEntityType(entityType) ? entity[entityType] : undefined;
    return name !== undefined && (matchType === ANY || name === match);
  });
}

function problemOf(
  components: readonly Component[],
): { readonly errorCode: ErrorCode; readonly errorMessage: string } | undefined {
  const invalid = (errorMessage: string) => ({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage });
  const seen = new Set<string>();
  for (const { entityType, matchType, match } of components) {
    if (entityType === "") return invalid("An entity type is empty.");
    if (seen.has(entityType)) return invalid("An entity type is named twice.");
    seen.add(entityType);
    if (!isQuotaEntityType(entityType)) {
      return {
        errorCode: ErrorCode.UNSUPPORTED_VERSION,
        errorMessage: `There are no quotas of a ${entityType}.`,
      };
    }
    if (matchType !== EXACT && matchType !== DEFAULT && matchType !== ANY)
      return invalid("An unknown match.");
    if ((matchType === EXACT) !== (match !== null)) return invalid("Only an exact match has a name.");
  }
  const isMixed = seen.has("ip") && seen.size > 1;
  return isMixed ? invalid("An address is asked for by itself.") : undefined;
}
