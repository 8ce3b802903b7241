/** What a quota is about: a user, a client id, both together, or an address. Null stands for all that have none. */
export interface QuotaEntity {
  readonly user?: string | null;
  readonly "client-id"?: string | null;
  readonly ip?: string | null;
}

export type QuotaEntityType = keyof QuotaEntity;

const TYPES: readonly QuotaEntityType[] = ["user", "client-id", "ip"];

export function isQuotaEntityType(type: string): type is QuotaEntityType {
  return TYPES.some((known) => known === type);
}

/** The same text for the same entity. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify(partsOf(entity));
}

/** Types and names, in one order. */
export function partsOf(entity: QuotaEntity): (readonly [QuotaEntityType, string | null])[] {
  return TYPES.flatMap((type) => {
    const name = entity[type];
    return name === undefined ? [] : [[type, name] as const];
  });
}
