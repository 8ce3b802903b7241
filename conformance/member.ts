import { heartbeat } from "../packages/broker/src/protocol/messages/heartbeat.ts";
import { joinGroup } from "../packages/broker/src/protocol/messages/join-group.ts";
import { syncGroup } from "../packages/broker/src/protocol/messages/sync-group.ts";
import type { Decoded } from "../packages/broker/src/protocol/schema.ts";
import type { Session } from "./session.ts";

export type JoinAnswer = Decoded<(typeof joinGroup)["response"]>;
export type SyncAnswer = Decoded<(typeof syncGroup)["response"]>;

interface MemberOptions {
  readonly instanceId?: string;
  readonly protocols?: readonly string[];
  readonly version?: number;
  /** The topics that it reads, in the bytes that Java's consumers send; without it the name of the protocol. */
  readonly topics?: readonly string[];
  /** Other bytes in place of them. */
  readonly metadata?: Buffer;
}

/** ConsumerProtocolSubscription, version 0. */
function subscription(topics: readonly string[]): Buffer {
  const names = topics.map((topic) => {
    const name = Buffer.from(topic);
    const size = Buffer.alloc(2);
    size.writeInt16BE(name.length);
    return Buffer.concat([size, name]);
  });
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  return Buffer.concat([head, ...names, Buffer.from([255, 255, 255, 255])]);
}

const MEMBER_ID_REQUIRED = 79;
const REBALANCE_IN_PROGRESS = 27;
const NEWEST = { join: 9, heartbeat: 4, sync: 5 } as const;

/** A member of a group, on a connection of its own. Nothing of it is compared unless a case puts it down. */
export class Member {
  readonly session: Session;
  readonly groupId: string;
  readonly #options: MemberOptions;
  memberId = "";
  generationId = -1;

  constructor(session: Session, groupId: string, options: MemberOptions = {}) {
    this.session = session.another();
    this.groupId = groupId;
    this.#options = options;
  }

  get identity() {
    const { groupId, memberId, generationId } = this;
    return { groupId, memberId, generationId, groupInstanceId: this.#options.instanceId ?? null };
  }

  /** Joins, with a second request where the first only gives an id. */
  async join(): Promise<JoinAnswer> {
    const { version = NEWEST.join, protocols = ["range"], instanceId = null } = this.#options;
    const { topics, metadata } = this.#options;
    const ask = () =>
      this.session.ask(joinGroup, version, {
        groupId: this.groupId,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: this.memberId,
        groupInstanceId: instanceId,
        protocolType: "consumer",
        protocols: protocols.map((name) => ({
          name,
          metadata: metadata ?? (topics === undefined ? Buffer.from(name) : subscription(topics)),
        })),
      });
    let answer = await ask();
    if (answer.errorCode === MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId;
      answer = await ask();
    }
    if (answer.errorCode === 0) {
      this.memberId = answer.memberId;
      this.generationId = answer.generationId;
    }
    return answer;
  }

  sync(
    assignments: readonly (readonly [memberId: string, content: string | Buffer])[] = [],
  ): Promise<SyncAnswer> {
    return this.session.ask(syncGroup, NEWEST.sync, {
      ...this.identity,
      protocolType: "consumer",
      protocolName: this.#options.protocols?.[0] ?? "range",
      assignments: assignments.map(([memberId, content]) => ({
        memberId,
        assignment: Buffer.isBuffer(content) ? content : Buffer.from(content),
      })),
    });
  }

  async beat(): Promise<number> {
    return (await this.session.ask(heartbeat, NEWEST.heartbeat, this.identity)).errorCode;
  }

  /** Waits until the group has begun to form its next generation. */
  async untilRebalance(): Promise<void> {
    const begun = (answer: { readonly errorCode: number }): boolean =>
      answer.errorCode === REBALANCE_IN_PROGRESS;
    await this.session.sendUntil(heartbeat, NEWEST.heartbeat, this.identity, begun, "told to join again");
  }
}

/** A stable group of one. */
export async function stableMember(
  session: Session,
  groupId: string,
  options: MemberOptions = {},
): Promise<Member> {
  const member = new Member(session, groupId, options);
  const joined = await member.join();
  if (joined.errorCode !== 0) throw new Error(`cannot join ${groupId}: error ${joined.errorCode}`);
  const synced = await member.sync([[member.memberId, "everything"]]);
  if (synced.errorCode !== 0) throw new Error(`no assignment in ${groupId}: error ${synced.errorCode}`);
  return member;
}
