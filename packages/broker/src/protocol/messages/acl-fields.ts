import { type Field, int8, nullableString, string } from "../schema.ts";

const LITERAL = 3;

/** What the ACL APIs have in common: a pattern of entries to look for, as Apache Kafka's messages spell it. */
export const aclFilter = {
  resourceTypeFilter: int8(),
  resourceNameFilter: nullableString(),
  patternTypeFilter: int8("1+", LITERAL),
  principalFilter: nullableString(),
  hostFilter: nullableString(),
  operation: int8(),
  permissionType: int8(),
} satisfies Record<string, Field<unknown>>;

/** Who may or may not do what, from where. */
export const aclEntry = {
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
} satisfies Record<string, Field<unknown>>;
