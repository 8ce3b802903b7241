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
  const { refused, accepted } = sorted(wanted, context);
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

/** Whoever is named by one of name and id, and once, is accepted; of the same topic several times, one is answered. */
function sorted(
  wanted: readonly Wanted[],
  { topics }: RequestContext,
): { readonly refused: Wanted[]; readonly accepted: Wanted[] } {
  const isOne = ({ name, topicId }: Wanted): boolean => (name === null) !== (topicId === NULL_UUID);
  const refused = wanted.filter((topic) => !isOne(topic));
  const accepted: Wanted[] = [];
  for (const [first, second] of Map.groupBy(wanted.filter(isOne), keyOf).values()) {
    if (first !== undefined) (second === undefined ? accepted : refused).push(first);
  }
  // Named by its name and by its id in another place, a topic stays as well.
  const ids = new Set(accepted.map(({ topicId }) => topicId));
  const isTwice = ({ name }: Wanted): boolean => ids.has(topics.get(name ?? "")?.id ?? "");
  const twice = accepted
    .filter(isTwice)
    .map(({ name }) => ({ name, topicId: topics.get(name ?? "")?.id ?? NULL_UUID }));
  const spoilt = new Set(twice.map(({ topicId }) => topicId));
  return {
    refused: [...refused, ...twice],
    accepted: accepted.filter((one) => !isTwice(one) && !spoilt.has(one.topicId)),
  };
}
