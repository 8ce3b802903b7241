import type { Journal } from "../storage/journal.ts";
import {
  type Acl,
  type AclFilter,
  concerns,
  covers,
  EVERYBODY,
  filterMatches,
  type Operation,
  PatternType,
  Permission,
  WILDCARD,
} from "./acl.ts";

/** Who asks, and from where. */
export interface Requester {
  /** A principal, such as "User:alice". */
  readonly principal: string;
  /** The address without a port. */
  readonly host: string;
}

export interface AuthorizerOptions {
  /** Principals that may do everything, such as "User:admin". */
  readonly superUsers?: readonly string[];
  /** Whether everybody may use what no entry names. */
  readonly allowEveryoneIfNoAclFound?: boolean;
}

/** The entries for one type of resource, so that those for one name are found at once. */
interface SortedAcls {
  readonly byName: ReadonlyMap<string, readonly Acl[]>;
  readonly prefixed: readonly Acl[];
}

const KIND = "acl";
/** A name like any other, to learn what holds for names that nothing is said about. */
const SOME_NAME = "hardcode";

function keyOf(acl: Acl): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = acl;
  return JSON.stringify([
    KIND,
    resourceType,
    patternType,
    resourceName,
    principal,
    host,
    operation,
    permission,
  ]);
}

/**
 * Decides as Apache Kafka's StandardAuthorizer does: super users may everything; an entry that denies counts more
 * than any that allows; what no entry names is closed, or open where the options say so. The entries are in the
 * journal.
 */
export class Authorizer {
  readonly #journal: Journal;
  readonly #superUsers: ReadonlySet<string>;
  readonly #allowsUnnamed: boolean;
  readonly #acls = new Map<string, Acl>();
  readonly #byType = new Map<number, SortedAcls>();

  constructor(journal: Journal, options: AuthorizerOptions) {
    this.#journal = journal;
    this.#superUsers = new Set(options.superUsers ?? []);
    this.#allowsUnnamed = options.allowEveryoneIfNoAclFound ?? false;
    for (const { key, value } of journal.entries()) {
      const [kind] = JSON.parse(key) as [string];
      if (kind === KIND) this.#acls.set(key, value as Acl);
    }
    this.#sort();
  }

  #sort(): void {
    this.#byType.clear();
    for (const [resourceType, acls] of Map.groupBy(this.#acls.values(), (acl) => acl.resourceType)) {
      this.#byType.set(resourceType, {
        byName: Map.groupBy(acls.filter(isLiteral), ({ resourceName }) => resourceName),
        prefixed: acls.filter((acl) => !isLiteral(acl)),
      });
    }
  }

  /** The entries whose patterns stand for the name. */
  *#about(resourceType: number, name: string): Generator<Acl> {
    const sorted = this.#byType.get(resourceType);
    if (sorted === undefined) return;
    yield* sorted.byName.get(name) ?? [];
    if (name !== WILDCARD) yield* sorted.byName.get(WILDCARD) ?? [];
    for (const acl of sorted.prefixed) if (covers(acl, name)) yield acl;
  }

  /** Whether someone may do something with the resource of this name. */
  allows(requester: Requester, operation: Operation, resourceType: number, name: string): boolean {
    if (this.#superUsers.has(requester.principal)) return true;
    let isNamed = false;
    let isAllowed = false;
    for (const acl of this.#about(resourceType, name)) {
      isNamed = true;
      if (!isAbout(acl, requester) || !concerns(acl, operation)) continue;
      if (acl.permission === Permission.DENY) return false;
      isAllowed = true;
    }
    return isAllowed || (!isNamed && this.#allowsUnnamed);
  }

  /** Whether there is any resource of the type with which someone may do it. */
  allowsForAny(requester: Requester, operation: Operation, resourceType: number): boolean {
    if (this.allows(requester, operation, resourceType, SOME_NAME)) return true;
    const own = [...this.#acls.values()].filter(
      (acl) => acl.resourceType === resourceType && isAbout(acl, requester) && concerns(acl, operation),
    );
    const denied = own.filter(({ permission }) => permission === Permission.DENY);
    const isShut = (acl: Acl): boolean =>
      denied.some((deny) =>
        acl.patternType === PatternType.PREFIXED
          ? // Only what denies all names with this beginning leaves nothing of it.
            (deny.patternType === PatternType.PREFIXED && acl.resourceName.startsWith(deny.resourceName)) ||
            (deny.patternType === PatternType.LITERAL && deny.resourceName === WILDCARD)
          : covers(deny, acl.resourceName),
      );
    return own.some((acl) => acl.permission === Permission.ALLOW && !isShut(acl));
  }

  /** Adds entries; those that are there already stay. */
  add(acls: readonly Acl[]): void {
    const added = acls.map((acl) => ({ key: keyOf(acl), value: acl }));
    this.#journal.put(added);
    for (const { key, value } of added) this.#acls.set(key, value);
    this.#sort();
  }

  /** Removes entries; those that are not there are passed over. */
  remove(acls: readonly Acl[]): void {
    const keys = acls.map(keyOf).filter((key) => this.#acls.has(key));
    this.#journal.put(keys.map((key) => ({ key, value: null })));
    for (const key of keys) this.#acls.delete(key);
    this.#sort();
  }

  matching(filter: AclFilter): Acl[] {
    return [...this.#acls.values()].filter((acl) => filterMatches(filter, acl));
  }

  /** Resolves when all changes before the call are on the disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }
}

function isLiteral({ patternType }: Acl): boolean {
  return patternType === PatternType.LITERAL;
}

function isAbout(acl: Acl, { principal, host }: Requester): boolean {
  const isWho = acl.principal === principal || acl.principal === EVERYBODY;
  return isWho && (acl.host === WILDCARD || acl.host === host);
}
