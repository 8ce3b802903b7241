import { createPartitions } from "../../packages/broker/src/protocol/messages/create-partitions.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteRecords } from "../../packages/broker/src/protocol/messages/delete-records.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { describeTopicPartitions } from "../../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch } from "../requests.ts";
import { area } from "../suite.ts";

const NAMES = ["__consumer_offsets", "__transaction_state"];
const TOPIC = 2;
const TOPIC_ITSELF = 1;

export const internalTopicCases = area("internal topics", {
  "are shown for what they are": async (session) => {
    for (const version of [1, 12]) {
      const topics = NAMES.map((name) => ({ name }));
      await session.send(metadata, version, { topics, allowAutoTopicCreation: false });
      const all = await session.ask(metadata, version, { topics: null });
      const internal = all.topics.filter(({ isInternal }) => isInternal);
      session.note("among all", internal.map(({ name, partitions }) => [name, partitions.length]).sort());
    }
    await session.send(describeTopicPartitions, 0, { topics: NAMES.map((name) => ({ name })) });
  },
  "their settings": async (session) => {
    for (const resourceName of NAMES) {
      const resources = [{ resourceType: TOPIC, resourceName, configurationKeys: null }];
      const { results } = await session.ask(describeConfigs, 4, { resources, includeSynonyms: false });
      const own = results[0]?.configs.filter(({ configSource }) => configSource === TOPIC_ITSELF) ?? [];
      session.note(resourceName, own.map(({ name, value }) => `${name}=${value}`).sort());
    }
  },
  "nobody writes to them": async (session) => {
    for (const name of NAMES) {
      await session.send(produce, 9, oneBatch(name, clientBatch()));
      const partitions = [{ partitionIndex: 0, offset: -1 }];
      await session.send(deleteRecords, 2, { topics: [{ name, partitions }], timeoutMs: 5000 });
    }
  },
  "everybody reads them": async (session) => {
    for (const name of NAMES) {
      const partitions = [{ partitionIndex: 0, timestamp: -2 }];
      await session.send(
        listOffsets,
        8,
        { replicaId: -1, topics: [{ name, partitions }] },
        `begin of ${name}`,
      );
      const { responses } = await session.ask(fetch, 12, oneFetch(name));
      session.note(`error of ${name}`, responses[0]?.partitions[0]?.errorCode);
      await session.send(fetch, 12, oneFetch(name, { partition: 77 }), `beyond ${name}`);
    }
  },
  "can be made and enlarged like others": async (session) => {
    for (const name of NAMES) {
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
      const options = { timeoutMs: 5000, validateOnly: true };
      await session.send(createTopics, 7, { topics: [topic], ...options });
      await session.send(createPartitions, 3, {
        topics: [{ name, count: 9, assignments: null }],
        ...options,
      });
    }
  },
});
