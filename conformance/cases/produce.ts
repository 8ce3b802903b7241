import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { initProducerId } from "../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { setChecksum } from "../../packages/broker/src/storage/record-batch.ts";
import { type BatchOptions, clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

/** A batch with something wrong in its header, and a checksum that is right again. */
function bent(change: (batch: Buffer) => void, options: BatchOptions = {}): Buffer {
  const batch = clientBatch(options);
  change(batch);
  setChecksum(batch);
  return batch;
}

async function idempotentProducer(session: Session): Promise<number> {
  const answer = await session.send(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: -1 });
  return answer.producerId;
}

export const produceCases = [
  ...area("produce", {
    "at both ends": async (session, topic) => {
      const topicId = await session.createTopic(topic);
      for (const version of [...versionEnds(produce), 12]) {
        await session.send(
          produce,
          version,
          oneBatch(topic, clientBatch({ values: ["a", "b"] }), { topicId }),
        );
      }
      await session.send(fetch, 12, oneFetch(topic));
    },
    acks: async (session, topic) => {
      await session.createTopic(topic);
      for (const acks of [1, 2, -2]) {
        await session.send(produce, 9, oneBatch(topic, clientBatch(), { acks }), `acks ${acks}`);
      }
    },
    "unknown places": async (session, topic) => {
      await session.createTopic(topic);
      for (const version of versionEnds(produce)) {
        await session.send(produce, version, oneBatch(`${topic}-unknown`, clientBatch()), `topic ${version}`);
        await session.send(
          produce,
          version,
          oneBatch(topic, clientBatch(), { index: 7 }),
          `partition ${version}`,
        );
        await session.send(
          produce,
          version,
          oneBatch(topic, clientBatch(), { index: -1 }),
          `partition -1 ${version}`,
        );
        await session.send(produce, version, oneBatch("a/b", clientBatch()), `name ${version}`);
      }
    },
    "several partitions, one of them unknown": async (session, topic) => {
      await session.createTopic(topic, 2);
      const partitionData = [0, 1, 2].map((index) => ({
        index,
        records: clientBatch({ values: [`${index}`] }),
      }));
      await session.send(produce, 9, {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: topic, partitionData }],
      });
    },
    nothing: async (session, topic) => {
      await session.createTopic(topic);
      await session.attempt(produce, 9, oneBatch(topic, Buffer.alloc(0)), "empty records");
      await session.attempt(produce, 9, oneBatch(topic, Buffer.alloc(10)), "a piece of a header");
    },
    "damaged batches": async (session, topic) => {
      await session.createTopic(topic);
      const wrong = clientBatch();
      wrong.writeUInt8(wrong.readUInt8(17) ^ 1, 17);
      await session.attempt(produce, 9, oneBatch(topic, wrong), "checksum");
      await session.attempt(produce, 9, oneBatch(topic, clientBatch().subarray(0, -3)), "cut short");
      await session.attempt(produce, 9, oneBatch(topic, clientBatch().subarray(0, 30)), "half a header");
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt8(3, 16)),
        ),
        "magic 3",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt8(-1, 16)),
        ),
        "magic -1",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt32BE(0, 57)),
        ),
        "count 0",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt32BE(5, 57)),
        ),
        "count 5 of 1",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt32BE(4, 23)),
        ),
        "last offset 4 of 1",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt32BE(-1, 23)),
        ),
        "last offset -1",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt16BE(5, 21)),
        ),
        "compression 5",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(
          topic,
          bent((b) => b.writeInt16BE(0x20, 21)),
        ),
        "control batch",
      );
      const two = Buffer.concat([clientBatch(), clientBatch()]);
      await session.attempt(produce, 9, oneBatch(topic, two), "two batches");
      await session.attempt(
        produce,
        9,
        oneBatch(topic, Buffer.concat([clientBatch(), Buffer.alloc(5)])),
        "bytes behind",
      );
      await session.send(fetch, 12, oneFetch(topic));
    },
    "base offset and leader epoch are the broker's": async (session, topic) => {
      await session.createTopic(topic);
      const given = bent((b) => {
        b.writeBigInt64BE(77n, 0);
        b.writeInt32BE(9, 12);
      });
      await session.attempt(produce, 9, oneBatch(topic, given));
      await session.send(fetch, 12, oneFetch(topic));
    },
    "too large": async (session, topic) => {
      await session.createTopic(topic, 1, { "max.message.bytes": "200" });
      await session.send(produce, 9, oneBatch(topic, clientBatch({ values: ["x".repeat(100)] })), "fits");
      await session.send(
        produce,
        9,
        oneBatch(topic, clientBatch({ values: ["x".repeat(300)] })),
        "too large",
      );
    },
    times: async (session, topic) => {
      await session.createTopic(`${topic}-append`, 1, { "message.timestamp.type": "LogAppendTime" });
      await session.send(
        produce,
        9,
        oneBatch(`${topic}-append`, clientBatch({ timestampMs: 5 })),
        "append time",
      );
      await session.send(fetch, 12, oneFetch(`${topic}-append`), "append time read");
      await session.createTopic(topic);
      const future = Date.now() + 7_200_000;
      await session.send(produce, 9, oneBatch(topic, clientBatch({ timestampMs: -1 })), "no time");
      await session.attempt(produce, 9, oneBatch(topic, clientBatch({ timestampMs: future })), "the future");
      await session.createTopic(`${topic}-fresh`, 1, { "message.timestamp.before.max.ms": "1000" });
      await session.attempt(
        produce,
        9,
        oneBatch(`${topic}-fresh`, clientBatch({ timestampMs: 1000 })),
        "the past",
      );
    },
    "a compacted topic": async (session, topic) => {
      await session.createTopic(topic, 1, { "cleanup.policy": "compact" });
      await session.send(produce, 9, oneBatch(topic, clientBatch({ values: ["a", null] })), "with keys");
      const keyless = clientBatch({ values: ["a", "b", "c"], keys: [null, "key", null] });
      await session.send(produce, 9, oneBatch(topic, keyless), "some without a key");
    },
    "zstd before version 7": async (session, topic) => {
      await session.createTopic(topic);
      const zstd = bent((b) => b.writeInt16BE(4, 21));
      await session.attempt(produce, 6, oneBatch(topic, zstd));
    },
    "an internal topic": async (session) => {
      await session.attempt(produce, 9, oneBatch("__consumer_offsets", clientBatch()));
    },
  }),
  ...area("idempotence", {
    sequences: async (session, topic) => {
      await session.createTopic(topic);
      const producerId = await idempotentProducer(session);
      const send = (sequence: number, step: string, fields: BatchOptions = {}) => {
        const batch = clientBatch({ producerId, producerEpoch: 0, sequence, values: ["a", "b"], ...fields });
        return session.attempt(produce, 9, oneBatch(topic, batch), step);
      };
      await send(0, "first");
      await send(0, "duplicate");
      await send(2, "next");
      await send(0, "older duplicate");
      await send(6, "a gap");
      await send(1, "a part of what was sent");
      await send(0, "the same start, another length", { values: ["a"] });
      for (const sequence of [4, 6, 8, 10, 12]) await send(sequence, `goes on at ${sequence}`);
      await send(0, "a duplicate that is forgotten");
      await send(4, "the oldest that is remembered");
      await send(20, "a new epoch not at 0", { producerEpoch: 1 });
      await send(0, "a new epoch", { producerEpoch: 1 });
      await send(14, "the old epoch", { producerEpoch: 0 });
      await send(2, "the new epoch goes on", { producerEpoch: 1 });
      await session.send(fetch, 12, oneFetch(topic));
    },
    "sequences wrap around": async (session, topic) => {
      await session.createTopic(topic);
      const producerId = await idempotentProducer(session);
      const send = (sequence: number, step: string) => {
        const batch = clientBatch({ producerId, producerEpoch: 0, sequence, values: ["a", "b", "c"] });
        return session.attempt(produce, 9, oneBatch(topic, batch), step);
      };
      await send(2 ** 31 - 2, "the first of an unknown producer may not be late");
    },
    "an unknown producer": async (session, topic) => {
      await session.createTopic(topic);
      const far = { producerId: 987_654, producerEpoch: 3 };
      await session.attempt(produce, 9, oneBatch(topic, clientBatch({ ...far, sequence: 0 })), "begins at 0");
      await session.attempt(produce, 9, oneBatch(topic, clientBatch({ ...far, sequence: 1 })), "goes on");
    },
    "half an identity": async (session, topic) => {
      await session.createTopic(topic);
      await session.attempt(
        produce,
        9,
        oneBatch(topic, clientBatch({ producerId: 5, producerEpoch: -1, sequence: 0 })),
        "no epoch",
      );
      await session.attempt(
        produce,
        9,
        oneBatch(topic, clientBatch({ producerId: 5, producerEpoch: 0, sequence: -1 })),
        "no sequence",
      );
    },
    "producer ids at both ends": async (session) => {
      for (const version of versionEnds(initProducerId)) {
        await session.send(initProducerId, version, { transactionalId: null, transactionTimeoutMs: 0 });
      }
      await session.send(
        initProducerId,
        4,
        { transactionalId: null, transactionTimeoutMs: 0, producerId: 4, producerEpoch: 7 },
        "with a former id",
      );
      await session.attempt(
        initProducerId,
        4,
        { transactionalId: null, transactionTimeoutMs: 0, producerId: 4, producerEpoch: -1 },
        "an id without an epoch",
      );
      await session.attempt(
        initProducerId,
        4,
        { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: 3 },
        "an epoch without an id",
      );
    },
  }),
];
