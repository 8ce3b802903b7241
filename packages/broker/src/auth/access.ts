import { CLUSTER_NAME, Operation, ResourceType } from "./acl.ts";
import type { Authentication } from "./authentication.ts";
import type { Authorizer, Requester } from "./authorizer.ts";

const { READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE } = Operation;
const { CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE } = Operation;

/** The operations that there are for each kind of thing. */
const OPERATIONS = {
  topic: [READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS],
  group: [READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS],
  cluster: [CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE],
} as const;

/** Stands for "not asked for". */
export const NO_OPERATIONS = -0x8000_0000;

const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** An address as entries name it: an IPv4 address is one, even if it came over a socket for both kinds. */
export function hostOf(address: string): string {
  return address.replace(MAPPED_IPV4, "");
}

/** What the client at the other end of one connection may do. Without an authorizer that is everything. */
export class Access {
  readonly #authorizer: Authorizer | undefined;
  readonly #authentication: Authentication;
  readonly #host: string;

  constructor(authorizer: Authorizer | undefined, authentication: Authentication, address: string) {
    this.#authorizer = authorizer;
    this.#authentication = authentication;
    this.#host = hostOf(address);
  }

  get #requester(): Requester {
    return { principal: `User:${this.#authentication.user}`, host: this.#host };
  }

  #may(operation: Operation, resourceType: number, name: string): boolean {
    return this.#authorizer?.allows(this.#requester, operation, resourceType, name) ?? true;
  }

  topic(operation: Operation, name: string): boolean {
    return this.#may(operation, ResourceType.TOPIC, name);
  }

  group(operation: Operation, name: string): boolean {
    return this.#may(operation, ResourceType.GROUP, name);
  }

  transactionalId(operation: Operation, name: string): boolean {
    return this.#may(operation, ResourceType.TRANSACTIONAL_ID, name);
  }

  cluster(operation: Operation): boolean {
    return this.#may(operation, ResourceType.CLUSTER, CLUSTER_NAME);
  }

  /** Whether a producer may have an id: it may if it may write anything at all. */
  idempotentWrite(): boolean {
    if (this.#authorizer === undefined || this.cluster(IDEMPOTENT_WRITE)) return true;
    return this.#authorizer.allowsForAny(this.#requester, WRITE, ResourceType.TOPIC);
  }

  /** What the client may do with one thing, as a set of bits by Kafka's numbers of operations. */
  operations(kind: keyof typeof OPERATIONS, name = CLUSTER_NAME): number {
    const resourceType = {
      topic: ResourceType.TOPIC,
      group: ResourceType.GROUP,
      cluster: ResourceType.CLUSTER,
    }[kind];
    return OPERATIONS[kind]
      .filter((operation) => this.#may(operation, resourceType, name))
      .reduce((bits, operation) => bits | (1 << operation), 0);
  }
}

/** What one may do with the cluster, as far as one may see that at all. */
export function clusterOperations(access: Access): number {
  return access.cluster(DESCRIBE) ? access.operations("cluster") : 0;
}
