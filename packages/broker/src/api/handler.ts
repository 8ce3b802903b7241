import type { Access } from "../auth/access.ts";
import type { Authentication } from "../auth/authentication.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { TokenValidator } from "../auth/bearer-options.ts";
import type { Credentials } from "../auth/credentials.ts";
import type { Clock } from "../clock.ts";
import type { BrokerConfiguration } from "../configuration/broker-configuration.ts";
import type { GroupCoordinator } from "../groups/group-coordinator.ts";
import type { OffsetsView } from "../groups/offsets-view.ts";
import type { Memory } from "../network/memory.ts";
import type { Settings } from "../options.ts";
import type { ProducerIds } from "../producers/producer-ids.ts";
import type { Api, Decoded, Encodable, Fields } from "../protocol/schema.ts";
import type { ClientQuotas } from "../quotas/client-quotas.ts";
import type { RequestWatch } from "../quotas/request-time.ts";
import type { Throttles } from "../quotas/throttle.ts";
import type { Disk } from "../storage/disk.ts";
import type { TopicStore } from "../topics/topic-store.ts";
import type { TransactionCoordinator } from "../transactions/transaction-coordinator.ts";

/** What the API files work on: the broker's parts. */
export interface BrokerParts {
  readonly settings: Settings;
  /** Where the settings come from, and how they change. */
  readonly configuration: BrokerConfiguration;
  /** Where the data is, for people to read. */
  readonly folder: string;
  readonly disk: Disk;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly topics: TopicStore;
  readonly groups: GroupCoordinator;
  readonly offsetsView: OffsetsView;
  readonly producerIds: ProducerIds;
  readonly transactions: TransactionCoordinator;
  readonly credentials: Credentials;
  /** Absent where no tokens are taken. */
  readonly validateToken: TokenValidator | undefined;
  /** Absent where everybody may do everything. */
  readonly authorizer: Authorizer | undefined;
  readonly quotas: ClientQuotas;
  readonly throttles: Throttles;
  /** The APIs that this broker serves, by key. */
  readonly handlers: ReadonlyMap<number, Handler>;
}

export interface RequestContext extends BrokerParts {
  readonly version: number;
  readonly clientId: string;
  readonly clientHost: string;
  /** The size of the request on the wire, without the four bytes that tell it. */
  readonly requestBytes: number;
  /** Takes no more requests from this client for so long: the answer to this one is sent before. */
  readonly mute: (delayMs: number) => void;
  /** Takes the time of this request; absent where nothing bounds it. */
  readonly watch: RequestWatch | undefined;
  readonly authentication: Authentication;
  /** What this client may do. */
  readonly access: Access;
  /** The address under which this client may reach the broker. */
  readonly advertised: { readonly host: string; readonly port: number };
}

/** Answered with nothing at all: a produce request with acks=0. */
export const NO_RESPONSE = Symbol("no response");

/** An API as it is served. */
export interface Handler {
  readonly api: Api;
  readonly handle: (request: Decoded<Fields>, context: RequestContext) => HandlerResult<Fields>;
}

type HandlerResult<Res extends Fields> =
  | Encodable<Res>
  | typeof NO_RESPONSE
  | Promise<Encodable<Res> | typeof NO_RESPONSE>;

/**
 * Ties an API's tables to the code that serves it. Requests of one connection are handed over in order and
 * answered in order, but the next one begins before the last is answered: whatever must happen in order
 * happens before the first await.
 */
export function serve<Req extends Fields, Res extends Fields>(
  api: Api<Req, Res>,
  handle: (request: Decoded<Req>, context: RequestContext) => HandlerResult<Res>,
): Handler {
  return { api, handle: handle as unknown as Handler["handle"] };
}
