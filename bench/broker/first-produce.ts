import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { RawClient } from "../../packages/broker/test/raw-client.ts";

/** Produces to a topic that does not exist yet, and resolves once that is acknowledged. */
export async function firstProduce(port: number): Promise<void> {
  const client = await RawClient.connect(port);
  const topicData = [{ name: "first", partitionData: [{ index: 0, records: clientBatch() }] }];
  for (;;) {
    await client.send(metadata, 9, { topics: [{ name: "first" }], allowAutoTopicCreation: true });
    const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
    if (answer.responses[0]?.partitionResponses[0]?.errorCode === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.close();
}
