import { alterClientQuotas } from "../../packages/broker/src/protocol/messages/alter-client-quotas.ts";
import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import { describeClientQuotas } from "../../packages/broker/src/protocol/messages/describe-client-quotas.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;
const RATE = "producer_byte_rate";
/** What the clients of all cases call themselves. */
const CLIENT = "raw";

type Parts = readonly (readonly [type: string, name: string | null])[];

function entryOf(parts: Parts, ops: readonly (readonly [key: string, value: number | null])[]) {
  return {
    entity: parts.map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
  };
}

function componentOf(entityType: string, matchType: number, match: string | null = null) {
  return { entityType, matchType, match };
}

/** What is set on the entities whose names begin with the case's own, in one order. */
async function look(session: Session, own: string, step: string): Promise<void> {
  const { entries } = await session.ask(describeClientQuotas, 1, { components: [], strict: false });
  const mine = (entries ?? []).filter(({ entity }) =>
    entity.some((part) => part.entityName?.startsWith(own)),
  );
  const texts = mine.map(({ entity, values }) => {
    const parts = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).sort();
    return [...parts, ...values.map(({ key, value }) => `${key}=${value}`).sort()].join(" ");
  });
  session.note(step, texts.sort());
}

async function alter(session: Session, step: string, entry: ReturnType<typeof entryOf>): Promise<void> {
  await session.send(alterClientQuotas, 1, { entries: [entry], validateOnly: false }, step);
}

/** Apache Kafka's broker learns of a change behind the answer. */
async function untilSet(session: Session, isSet: boolean): Promise<void> {
  const components = [componentOf("client-id", EXACT, CLIENT)];
  const body = { components, strict: true };
  await session.sendUntil(describeClientQuotas, 1, body, ({ entries }) => (entries?.length === 1) === isSet);
}

export const quotaCases = area("quotas", {
  "there are none": async (session) => {
    const components = [componentOf("user", EXACT, "nobody")];
    for (const version of versionEnds(describeClientQuotas)) {
      await session.send(describeClientQuotas, version, { components, strict: false });
    }
    for (const types of [["user", "user"], ["starship"], [""], ["ip", "user"]]) {
      const asked = types.map((entityType) => componentOf(entityType, ANY));
      await session.send(describeClientQuotas, 1, { components: asked, strict: true }, `of ${types.join()}`);
    }
    for (const odd of [
      componentOf("user", EXACT),
      componentOf("user", DEFAULT, "x"),
      componentOf("user", 7),
    ]) {
      const step = `match ${odd.matchType} ${odd.match}`;
      await session.send(describeClientQuotas, 1, { components: [odd], strict: true }, step);
    }
  },
  "set, look and remove": async (session, topic) => {
    const user = ["user", `${topic}-u`] as const;
    const client = ["client-id", `${topic}-c`] as const;
    for (const version of versionEnds(alterClientQuotas)) {
      const entries = [entryOf([user], [[RATE, 1000 + version]]), entryOf([user, client], [[RATE, 500]])];
      await session.send(alterClientQuotas, version, { entries, validateOnly: false });
    }
    await alter(session, "another bound", entryOf([user], [["request_percentage", 12.5]]));
    await alter(
      session,
      "of all with this id",
      entryOf([["user", null], client], [["consumer_byte_rate", 7]]),
    );
    await alter(session, "only to see", entryOf([client], [[RATE, 9]]));
    await session.sendUntil(
      describeClientQuotas,
      1,
      { components: [componentOf("client-id", EXACT, client[1])], strict: true },
      ({ entries }) => entries?.length === 1,
      "known",
    );
    await look(session, topic, "set");
    const filters = {
      "user and id": [componentOf("user", EXACT, user[1]), componentOf("client-id", EXACT, client[1])],
      "default user": [componentOf("user", DEFAULT), componentOf("client-id", EXACT, client[1])],
      "any user": [componentOf("user", ANY), componentOf("client-id", EXACT, client[1])],
    };
    for (const [name, components] of Object.entries(filters)) {
      for (const strict of [true, false]) {
        const found = await session.ask(describeClientQuotas, 1, { components, strict });
        session.note(`${name} ${strict}`, found.entries?.length);
      }
    }
    await alter(
      session,
      "take one",
      entryOf(
        [user],
        [
          [RATE, null],
          ["consumer_byte_rate", null],
        ],
      ),
    );
    await alter(session, "take the other", entryOf([user, client], [[RATE, null]]));
    await alter(session, "take the third", entryOf([["user", null], client], [["consumer_byte_rate", null]]));
    await alter(session, "take the last", entryOf([client], [[RATE, null]]));
    const gone = { components: [componentOf("client-id", EXACT, client[1])], strict: false };
    await session.sendUntil(describeClientQuotas, 1, gone, ({ entries }) => entries?.length === 0, "gone");
    await look(session, topic, "left");
    await alter(session, "take the rest", entryOf([user], [["request_percentage", null]]));
  },
  "what cannot be": async (session, topic) => {
    const user = ["user", `${topic}-u`] as const;
    const client = ["client-id", `${topic}-c`] as const;
    const odd: Readonly<Record<string, ReturnType<typeof entryOf>>> = {
      "of nobody": entryOf([], [[RATE, 1]]),
      "of a starship": entryOf([["starship", "x"]], [[RATE, 1]]),
      "of an empty name": entryOf([["user", ""]], [[RATE, 1]]),
      "of a user and an address": entryOf([user, ["ip", "127.0.0.1"]], [[RATE, 1]]),
      "of an odd address": entryOf([["ip", "256.256.256.256"]], [["connection_creation_rate", 1]]),
      "an unknown bound": entryOf([user], [["nonsense", 1]]),
      "a rate of connections of a user": entryOf([user], [["connection_creation_rate", 1]]),
      "a rate of bytes of an address": entryOf([["ip", "127.0.0.9"]], [[RATE, 1]]),
      zero: entryOf([client], [[RATE, 0]]),
      "less than nothing": entryOf([client], [[RATE, -1]]),
      "half a byte": entryOf([client], [[RATE, 1.5]]),
      "half a connection": entryOf([["ip", "127.0.0.9"]], [["connection_creation_rate", 1.5]]),
      twice: entryOf(
        [client],
        [
          [RATE, 1],
          [RATE, 2],
        ],
      ),
      "nothing to remove": entryOf([client], [[RATE, null]]),
      "an unknown one to remove": entryOf([client], [["nonsense", null]]),
    };
    for (const [step, entry] of Object.entries(odd)) {
      const entries = [entry];
      await session.send(alterClientQuotas, 1, { entries, validateOnly: true }, step);
    }
    const same = entryOf([user], [[RATE, 1]]);
    await session.send(
      alterClientQuotas,
      1,
      { entries: [same, same], validateOnly: true },
      "one entity twice",
    );
    await look(session, topic, "nothing was set");
  },
  "who sends too much is kept silent": async (session, topic) => {
    await session.createTopic(topic);
    const other = session.another();
    await alter(other, "set", entryOf([["client-id", CLIENT]], [[RATE, 20_000]]));
    await untilSet(other, true);
    const batch = clientBatch({ values: ["x".repeat(101_000)] });
    let answer = await session.ask(produce, 9, oneBatch(topic, batch));
    let sent = 1;
    // The burst of ten seconds is spent with the second batch; Apache Kafka may tell of a quota before it holds to it.
    for (; sent < 50 && answer.throttleTimeMs === 0; sent++)
      answer = await session.ask(produce, 9, oneBatch(topic, batch));
    const paidMs = ((sent * (batch.length + 200)) / 20_000 - 10) * 1_000;
    session.note("throttled", answer.throttleTimeMs > 0 && answer.throttleTimeMs < paidMs);
    session.note("and stored", answer.responses[0]?.partitionResponses[0]?.errorCode);
    const answeredMs = performance.now();
    await session.ask(apiVersions, 0, {});
    // Timers may be early by a part of a millisecond.
    session.note("silent", performance.now() - answeredMs >= answer.throttleTimeMs - 20);
    await alter(other, "removed", entryOf([["client-id", CLIENT]], [[RATE, null]]));
    await untilSet(other, false);
  },
  "who takes too much time is kept silent": async (session, topic) => {
    await session.createTopic(topic);
    const records = clientBatch({ values: ["x".repeat(100)] });
    await session.ask(produce, 9, oneBatch(topic, records));
    const other = session.another();
    const percentage = "request_percentage";
    // So little that each request is over it.
    await alter(other, "set", entryOf([["client-id", CLIENT]], [[percentage, 0.0001]]));
    await untilSet(other, true);
    let answer = await session.ask(produce, 9, oneBatch(topic, records));
    for (let count = 0; count < 50 && answer.throttleTimeMs === 0; count++) {
      answer = await session.ask(produce, 9, oneBatch(topic, records));
    }
    session.note("for a second at most", answer.throttleTimeMs);
    session.note("and stored", answer.responses[0]?.partitionResponses[0]?.errorCode);
    const answeredMs = performance.now();
    const read = await session.ask(fetch, 12, oneFetch(topic));
    // Timers may be early by a part of a millisecond.
    session.note("silent", performance.now() - answeredMs >= 980);
    session.note("an empty fetch", [read.throttleTimeMs, read.responses.length]);
    await alter(other, "removed", entryOf([["client-id", CLIENT]], [[percentage, null]]));
    await untilSet(other, false);
  },
  "who reads too much gets nothing for a while": async (session, topic) => {
    await session.createTopic(topic);
    const records = clientBatch({ values: ["x".repeat(60_000)] });
    for (let count = 0; count < 4; count++)
      await session.ask(produce, 9, oneBatch(topic, Buffer.from(records)));
    const other = session.another();
    const rate = "consumer_byte_rate";
    await alter(other, "set", entryOf([["client-id", CLIENT]], [[rate, 20_000]]));
    await untilSet(other, true);
    let answer = await session.ask(fetch, 12, oneFetch(topic));
    for (let count = 0; count < 50 && answer.throttleTimeMs === 0; count++) {
      answer = await session.ask(fetch, 12, oneFetch(topic));
    }
    session.note("throttled", answer.throttleTimeMs > 0);
    session.note("empty", answer.responses.length);
    await alter(other, "removed", entryOf([["client-id", CLIENT]], [[rate, null]]));
    await untilSet(other, false);
  },
});
