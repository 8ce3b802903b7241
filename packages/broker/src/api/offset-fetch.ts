import { Operation } from "../auth/acl.ts";
import type { CommittedOffset } from "../groups/offset-store.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { offsetFetch as api } from "../protocol/messages/offset-fetch.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import { NULL_UUID } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

const ALL_TOPICS_SINCE = 2;
/** Before it only partitions have errors. */
const ERRORS_OF_GROUPS_SINCE = 2;
const MANY_GROUPS_SINCE = 8;
const TOPIC_IDS_SINCE = 10;

interface WantedTopic {
  /** Undefined where no topic has the id. */
  readonly name: string | undefined;
  readonly topicId?: string;
  readonly partitionIndexes: readonly number[];
}

/** OffsetFetch, versions 1 to 10: one group up to version 7, several from version 8 on, topics by id in version 10. */
export const offsetFetch: Handler = serve(api, (request, context) => {
  if (context.version < MANY_GROUPS_SINCE) {
    const { groupId, topics, requireStable } = request;
    if (topics === null && context.version < ALL_TOPICS_SINCE) {
      throw new MalformedMessage("OffsetFetch 1 cannot ask for all topics");
    }
    if (!context.access.group(Operation.DESCRIBE, groupId)) {
      const errorCode = ErrorCode.GROUP_AUTHORIZATION_FAILED;
      if (context.version >= ERRORS_OF_GROUPS_SINCE) return { topics: [], errorCode };
      const refuse = (partitionIndex: number) => answer(partitionIndex, undefined, errorCode);
      return {
        topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map(refuse),
        })),
        errorCode,
      };
    }
    return { topics: offsetsOf(groupId, topics, requireStable, context), errorCode: ErrorCode.NONE };
  }
  return {
    groups: request.groups.map(({ groupId, memberId, memberEpoch, topics }) => {
      const errorCode = context.access.group(Operation.DESCRIBE, groupId)
        ? context.groups.fetchError(groupId, memberId, memberEpoch)
        : ErrorCode.GROUP_AUTHORIZATION_FAILED;
      if (errorCode !== ErrorCode.NONE) return { groupId, topics: [], errorCode };
      const wanted = topics?.map((topic) => ({ ...topic, name: nameOf(topic, context) })) ?? null;
      return { groupId, topics: offsetsOf(groupId, wanted, request.requireStable, context), errorCode };
    }),
  };
});

function nameOf(
  { name, topicId }: { readonly name: string; readonly topicId: string },
  { version, topics }: RequestContext,
): string | undefined {
  return version >= TOPIC_IDS_SINCE ? topics.getById(topicId)?.name : name;
}

function offsetsOf(
  groupId: string,
  wanted: readonly WantedTopic[] | null,
  requireStable: boolean,
  context: RequestContext,
) {
  const { groups, transactions, access } = context;
  const mayRead = (topic: string): boolean => access.topic(Operation.DESCRIBE, topic);
  return (wanted ?? allTopics(groupId, context, mayRead)).map(({ name, topicId, partitionIndexes }) => ({
    name: name ?? "",
    ...(topicId === undefined ? {} : { topicId }),
    partitions: partitionIndexes.map((partitionIndex) => {
      if (name === undefined) return answer(partitionIndex, undefined, ErrorCode.UNKNOWN_TOPIC_ID);
      if (!mayRead(name)) return answer(partitionIndex, undefined, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
      if (requireStable && transactions.hasPendingOffset(groupId, name, partitionIndex)) {
        return answer(partitionIndex, undefined, ErrorCode.UNSTABLE_OFFSET_COMMIT);
      }
      return answer(partitionIndex, groups.offsets.get(groupId, name, partitionIndex), ErrorCode.NONE);
    }),
  }));
}

function allTopics(
  groupId: string,
  { groups, topics }: RequestContext,
  mayRead: (topic: string) => boolean,
): WantedTopic[] {
  const byTopic = Map.groupBy(groups.offsets.all(groupId), ({ topic }) => topic);
  return [...byTopic]
    .filter(([name]) => mayRead(name))
    .map(([name, offsets]) => ({
      name,
      topicId: topics.get(name)?.id ?? NULL_UUID,
      partitionIndexes: offsets.map(({ partition }) => partition),
    }));
}

function answer(partitionIndex: number, committed: CommittedOffset | undefined, errorCode: ErrorCode) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? "",
    errorCode,
  };
}
