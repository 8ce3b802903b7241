import { handlers } from "../../packages/broker/src/api/index.ts";
import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { api, int8, int32, nullableString, string } from "../../packages/broker/src/protocol/schema.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch } from "../requests.ts";
import { area } from "../suite.ts";

/** A request of some API whose body is not what the API has: only its first field, and nothing behind it. */
function torn(key: number, flexibleFrom = Number.POSITIVE_INFINITY) {
  return api({
    key,
    name: `torn ${key}`,
    versions: [0, 99],
    flexibleFrom,
    request: { start: int8() },
    response: {},
  });
}

const NEVER = 30_000;

export const errorCases = [
  ...area("what is no request", {
    "versions that are not there": async (session) => {
      for (const { api: served } of handlers.values()) {
        if (served.key === apiVersions.key) continue;
        await session.attempt(torn(served.key), NEVER, { start: 0 }, served.name);
      }
    },
    "APIs that are not there": async (session) => {
      for (const key of [-1, 777, 32_000]) await session.attempt(torn(key), 0, { start: 0 }, `key ${key}`);
    },
    "bodies that end too soon": async (session) => {
      for (const { api: served } of handlers.values()) {
        // A body of one byte is a whole one where everything in it has a length, or there is nothing in it.
        if (served.key === apiVersions.key) continue;
        await session.attempt(torn(served.key), Math.max(served.minVersion, 3), { start: 1 }, served.name);
      }
    },
    "an array longer than the message": async (session) => {
      const huge = api({
        key: metadata.key,
        name: "huge",
        versions: [0, 8],
        request: { count: int32() },
        response: {},
      });
      await session.attempt(huge, 1, { count: 2 ** 31 - 1 }, "2^31-1 topics");
      await session.attempt(huge, 0, { count: -1 }, "null before it is allowed");
    },
    "null where there must be a value": async (session) => {
      const nameless = api({
        key: metadata.key,
        name: "nameless",
        versions: [0, 8],
        request: { count: int32(), name: nullableString() },
        response: {},
      });
      await session.attempt(nameless, 1, { count: 1, name: null });
    },
    "bytes behind the request": async (session) => {
      const longer = api({
        key: metadata.key,
        name: "longer",
        versions: [0, 8],
        request: { count: int32(), rest: string() },
        response: {},
      });
      await session.attempt({ ...longer, response: metadata.response }, 1, { count: 0, rest: "more" });
    },
  }),
  ...area("order", {
    "a produce without acks has no answer": async (session, topic) => {
      await session.createTopic(topic);
      session.post(produce, 9, oneBatch(topic, clientBatch({ values: ["silent"] }), { acks: 0 }));
      await session.send(fetch, 12, oneFetch(topic, { maxWaitMs: 5000 }));
    },
    "a produce without acks that fails ends the connection": async (session, topic) => {
      await session.ask(metadata, 12, { topics: [] });
      session.post(produce, 9, oneBatch(`${topic}-unknown`, clientBatch(), { acks: 0 }));
      await session.attempt(metadata, 12, { topics: [] });
    },
    "answers come in the order of the requests": async (session, topic) => {
      await session.createTopic(topic);
      const seen: string[] = [];
      const first = session
        .ask(fetch, 12, oneFetch(topic, { maxWaitMs: 300 }))
        .then(() => seen.push("fetch"));
      const second = session.ask(createTopics, 6, { topics: [] }).then(() => seen.push("create"));
      await Promise.all([first, second]);
      session.note("order", seen);
    },
  }),
];
