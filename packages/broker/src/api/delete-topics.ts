import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { deleteTopics as api } from "../protocol/messages/delete-topics.ts";
import { NULL_UUID } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode, storageOutcome } from "./storage-failure.ts";

const IDS_SINCE = 6;

/** DeleteTopics, versions 0 to 6, by name or (from version 6 on) by id; the files are gone with the answer. */
export const deleteTopics: Handler = serve(api, async (request, context) => {
  const { version, groups, settings } = context;
  const wanted =
    version >= IDS_SINCE ? request.topics : request.topicNames.map((name) => ({ name, topicId: NULL_UUID }));
  const refused = refusedTopics(wanted);
  const accepted = wanted.filter((topic) => !refused.some((other) => keyOf(other) === keyOf(topic)));
  const deleted = accepted.map((topic) => deleteOne(topic, context));
  // The offsets of what is gone are forgotten with it.
  const flushed = await storageOutcome(settings, { api: api.name }, async () => {
    await groups.flush();
    return ErrorCode.NONE;
  });
  const answers = deleted.map((answer) => ({ ...answer, errorCode: answer.errorCode || flushed }));
  return {
    responses: [...refused.map((topic) => ({ ...topic, ...REFUSED })), ...answers],
  };
});

function deleteOne({ name, topicId }: Wanted, { topics, settings, access }: RequestContext) {
  const topic = name === null ? topics.getById(topicId) : topics.get(name);
  const known = topic?.name ?? name;
  // Whoever may delete in the cluster may delete any topic.
  const may = (operation: Operation): boolean =>
    access.cluster(Operation.DELETE) || (known !== null && access.topic(operation, known));
  if (name !== null ? !may(Operation.DESCRIBE) : topic !== undefined && !may(Operation.DESCRIBE)) {
    return { name, topicId, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: NOT_ALLOWED };
  }
  if (topic === undefined) {
    return {
      name,
      topicId,
      errorCode: name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: "This server does not host this topic.",
    };
  }
  if (!may(Operation.DELETE)) {
    const errorMessage = NOT_ALLOWED;
    const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return { name: topic.name, topicId: topic.id, errorCode, errorMessage };
  }
  try {
    topics.delete(topic);
    return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE };
  } catch (error) {
    const errorCode = storageErrorCode(error, settings, { topic: topic.name });
    return { name: topic.name, topicId: topic.id, errorCode };
  }
}

const NOT_ALLOWED = "The topic may not be deleted.";

type Wanted = { readonly name: string | null; readonly topicId: string };
const REFUSED = {
  errorCode: ErrorCode.INVALID_REQUEST,
  errorMessage: "A topic must be named once, by its name or by its id.",
};

function keyOf({ name, topicId }: Wanted): string {
  return JSON.stringify([name, topicId]);
}

/** Those that are named by both or neither of name and id, and those that are named more than once. */
function refusedTopics(wanted: readonly Wanted[]): Wanted[] {
  const byKey = Map.groupBy(wanted, keyOf);
  return [...byKey.values()].flatMap(([first, second]) => {
    if (first === undefined) return [];
    const isOne = (first.name === null) !== (first.topicId === NULL_UUID);
    return isOne && second === undefined ? [] : [first];
  });
}
