import { createAcls } from "../packages/broker/src/protocol/messages/create-acls.ts";
import { deleteAcls } from "../packages/broker/src/protocol/messages/delete-acls.ts";
import { describeAcls } from "../packages/broker/src/protocol/messages/describe-acls.ts";
import { saslAuthenticate } from "../packages/broker/src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../packages/broker/src/protocol/messages/sasl-handshake.ts";
import type { Session } from "./session.ts";
import { USER } from "./side.ts";

/** What the entries of the cases are about; Kafka's numbers. */
export const Resource = { ANY: 1, TOPIC: 2, GROUP: 3, CLUSTER: 4, TRANSACTIONAL_ID: 5 } as const;
export const Pattern = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;
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
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;
export const CLUSTER = "kafka-cluster";

interface Entry {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType?: number;
  readonly principal?: string;
  readonly host?: string;
  readonly operation?: number;
  readonly permissionType?: number;
}

/** An entry that denies everything to the user of the cases, but for what is said otherwise. */
export function entry(fields: Entry) {
  const { ALL } = Operation;
  const defaults = { principal: `User:${USER.name}`, host: "*", operation: ALL };
  return { resourcePatternType: Pattern.LITERAL, permissionType: Permission.DENY, ...defaults, ...fields };
}

export const EVERYTHING = {
  resourceTypeFilter: Resource.ANY,
  resourceNameFilter: null,
  patternTypeFilter: Pattern.ANY,
  principalFilter: null,
  hostFilter: null,
  operation: Operation.ANY,
  permissionType: Permission.ANY,
};

/** Resolves when the broker has so many entries: Apache Kafka brings them to its authorizer in the background. */
async function untilThereAre(session: Session, count: number): Promise<void> {
  for (let poll = 0; poll < 500; poll++) {
    const { resources } = await session.ask(describeAcls, 3, EVERYTHING);
    if (resources.reduce((sum, { acls }) => sum + acls.length, 0) === count) return;
  }
  throw new Error(`there are not ${count} entries`);
}

/** Runs the work under these entries, which are the only ones, and takes them away again. */
export async function withEntries(
  session: Session,
  entries: readonly Entry[],
  work: (client: Session) => Promise<void>,
): Promise<void> {
  const creations = entries.map(entry);
  const { results } = await session.ask(createAcls, 3, { creations });
  const refused = results.find(({ errorCode }) => errorCode !== 0);
  if (refused !== undefined) throw new Error(`cannot create an entry: error ${refused.errorCode}`);
  await untilThereAre(session, creations.length);
  try {
    await work(await loggedIn(session));
  } finally {
    await session.ask(deleteAcls, 3, { filters: [EVERYTHING] });
    await untilThereAre(session, 0);
  }
}

/** A connection of the user of the cases. */
export async function loggedIn(session: Session): Promise<Session> {
  const client = session.guarded();
  await client.ask(saslHandshake, 1, { mechanism: "PLAIN" });
  const authBytes = Buffer.from(`\0${USER.name}\0${USER.password}`);
  const { errorCode } = await client.ask(saslAuthenticate, 2, { authBytes });
  if (errorCode !== 0) throw new Error(`cannot log in: error ${errorCode}`);
  return client;
}
