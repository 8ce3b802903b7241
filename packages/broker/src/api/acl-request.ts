import type { Acl, AclFilter } from "../auth/acl.ts";
import { CLUSTER_NAME, Operation, PatternType, Permission, ResourceType } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import type { aclFilter } from "../protocol/messages/acl-fields.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import type { Decoded } from "../protocol/schema.ts";

export const SECURITY_DISABLED_MESSAGE = "No authorizer is configured on the broker.";

const PRINCIPAL = /^[^:]*:.*$/s;
/** The number that Apache Kafka has for what it does not know. */
const UNKNOWN = 0;

/** Throws MalformedMessage where the filter is for something unknown. */
export function filterOf(request: Decoded<typeof aclFilter>): AclFilter {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = request;
  assertKnown([resourceTypeFilter, patternTypeFilter, operation, permissionType]);
  return {
    resourceType: request.resourceTypeFilter,
    resourceName: request.resourceNameFilter,
    patternType: request.patternTypeFilter,
    principal: request.principalFilter,
    host: request.hostFilter,
    operation: request.operation,
    permission: request.permissionType,
  };
}

/** Throws MalformedMessage where something is said to be unknown: Apache Kafka takes that for no request. */
export function assertKnown(numbers: readonly number[]): void {
  if (numbers.includes(UNKNOWN)) throw new MalformedMessage("an access control entry of no kind");
}

/** True if all numbers of a filter are Kafka's. */
export function isKnownFilter({ resourceType, patternType, operation, permission }: AclFilter): boolean {
  return (
    isOneOf(ResourceType, resourceType) &&
    isOneOf(PatternType, patternType) &&
    isOneOf(Operation, operation) &&
    isOneOf(Permission, permission)
  );
}

/** True for what only a filter can say: Apache Kafka stumbles over it, and over all entries that come with it. */
export function isOfAnyKind({ resourceType, patternType, operation, permission }: Acl): boolean {
  return (
    resourceType === ResourceType.ANY ||
    patternType === PatternType.ANY ||
    patternType === PatternType.MATCH ||
    operation === Operation.ANY ||
    permission === Permission.ANY
  );
}

export interface AclProblem {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

/** Why an entry cannot be, or undefined where it can. */
export function aclProblem(acl: Acl): AclProblem | undefined {
  const { resourceType, patternType, operation, permission, resourceName } = acl;
  const invalid = (errorMessage: string) => ({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage });
  if (!isOneOf(ResourceType, resourceType)) return invalid(`There is no type of resource ${resourceType}.`);
  if (!isOneOf(PatternType, patternType)) return invalid(`There is no type of pattern ${patternType}.`);
  if (!isOneOf(Operation, operation)) return invalid(`There is no operation ${operation}.`);
  if (!isOneOf(Permission, permission)) return invalid(`There is no permission ${permission}.`);
  if (resourceName === "") return invalid("A resource has a name.");
  if (resourceType === ResourceType.CLUSTER && resourceName !== CLUSTER_NAME) {
    return invalid(`The only name for the cluster is ${CLUSTER_NAME}.`);
  }
  return PRINCIPAL.test(acl.principal) ? undefined : invalid("A principal looks like User:alice.");
}

function isOneOf(table: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(table).includes(value);
}
