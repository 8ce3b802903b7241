/** Kafka's numbers for what an access control entry is about. */
export const ResourceType = {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const;
export const PatternType = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;
export const Permission = { ANY: 1, DENY: 2, ALLOW: 3 } as const;
export const Operation = {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** The only name that the cluster has as a resource. */
export const CLUSTER_NAME = "kafka-cluster";
/** Everybody, every address, every name. */
export const WILDCARD = "*";
export const EVERYBODY = "User:*";

/** One entry: someone may, or may not, do something with what the pattern names, from one address or from all. */
export interface Acl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permission: number;
}

/** Entries to look for; null stands for any. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName: string | null;
  readonly patternType: number;
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: number;
  readonly permission: number;
}

export function filterMatches(filter: AclFilter, acl: Acl): boolean {
  return (
    (filter.resourceType === ResourceType.ANY || filter.resourceType === acl.resourceType) &&
    patternMatches(filter, acl) &&
    (filter.principal === null || filter.principal === acl.principal) &&
    (filter.host === null || filter.host === acl.host) &&
    (filter.operation === Operation.ANY || filter.operation === acl.operation) &&
    (filter.permission === Permission.ANY || filter.permission === acl.permission)
  );
}

function patternMatches({ patternType, resourceName }: AclFilter, acl: Acl): boolean {
  const isAnyType = patternType === PatternType.ANY || patternType === PatternType.MATCH;
  if (!isAnyType && patternType !== acl.patternType) return false;
  if (resourceName === null || resourceName === acl.resourceName) return true;
  return patternType === PatternType.MATCH && covers(acl, resourceName);
}

/** True if an entry's pattern stands for this name. */
export function covers({ patternType, resourceName }: Acl, name: string): boolean {
  if (patternType === PatternType.PREFIXED) return name.startsWith(resourceName);
  return resourceName === WILDCARD || resourceName === name;
}

const IMPLY_DESCRIBE: ReadonlySet<number> = new Set([
  Operation.READ,
  Operation.WRITE,
  Operation.DELETE,
  Operation.ALTER,
]);

/** True if an entry speaks of the operation: whoever may read may see that there is something, and so on. */
export function concerns({ operation, permission }: Acl, wanted: Operation): boolean {
  if (operation === Operation.ALL || operation === wanted) return true;
  if (permission !== Permission.ALLOW) return false;
  if (wanted === Operation.DESCRIBE) return IMPLY_DESCRIBE.has(operation);
  return wanted === Operation.DESCRIBE_CONFIGS && operation === Operation.ALTER_CONFIGS;
}
