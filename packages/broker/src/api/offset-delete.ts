import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { offsetDelete as api } from "../protocol/messages/offset-delete.ts";
import { type Handler, serve } from "./handler.ts";
import { storageOutcome } from "./storage-failure.ts";

/** OffsetDelete, version 0: offsets of topics that no present member of the group reads. */
export const offsetDelete: Handler = serve(api, async (request, context) => {
  const { groups, topics, settings, access } = context;
  const { groupId } = request;
  if (!access.group(Operation.DELETE, groupId)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
  }
  const classic = groups.get(groupId);
  const isThere = classic !== undefined || groups.consumers.get(groupId) !== undefined;
  if (groupId === "") return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
  if (!isThere) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] };
  const isBusy = classic !== undefined && classic.members.size > 0;
  if (isBusy && classic.protocolType !== "consumer")
    return { errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] };
  // A topic without partitions is named in the answer only where there is something to say against it.
  const named = request.topics.filter(
    ({ name, partitions }) =>
      partitions.length > 0 || !access.topic(Operation.READ, name) || topics.get(name) === undefined,
  );
  const checked = named.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      if (!access.topic(Operation.READ, name)) {
        return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
      }
      if (topics.partition(name, partitionIndex) === undefined) {
        return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
      }
      if (groups.isSubscribed(groupId, name)) {
        return { partitionIndex, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC };
      }
      return { partitionIndex, errorCode: ErrorCode.NONE };
    }),
  }));
  const doomed = new Set(
    checked.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
        .map(({ partitionIndex }) => `${partitionIndex}:${name}`),
    ),
  );
  const remove = async (): Promise<ErrorCode> => {
    groups.offsets.remove(groupId, ({ topic, partition }) => doomed.has(`${partition}:${topic}`));
    await groups.flush();
    return ErrorCode.NONE;
  };
  const errorCode = await storageOutcome(settings, { group: groupId }, remove, "coordinator");
  return errorCode === ErrorCode.NONE ? { errorCode, topics: checked } : { errorCode, topics: [] };
});
