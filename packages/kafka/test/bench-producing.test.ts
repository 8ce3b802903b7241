import { type Broker, startBroker } from "@candlewick/broker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { produceWith } from "../../../bench/delivery/producing.ts";
import { createAdmin } from "../src/index.ts";
import { connectionTo, topicSpec, uniqueName } from "./test-cluster.ts";

describe("the bench of producers", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({ autoCreateTopics: false });
  });
  afterAll(() => broker.stop());

  async function measure(mode: string, config: Record<string, string>): Promise<number> {
    const admin = await createAdmin(connectionTo([broker.address]));
    const topic = uniqueName("bench");
    await admin.createTopics([topicSpec(topic, 1, config)]);
    await admin.close();
    const measurement = produceWith("candlewick", mode);
    if (measurement === null) throw new Error(`${mode} can be measured`);
    return measurement({ brokers: [broker.address], topic, count: 10, concurrency: 2 });
  }

  it.each(["send", "enqueue"])(
    "takes no time for a measurement in which messages fail (%s)",
    async (mode) => {
      expect(await measure(mode, {})).toBeGreaterThan(0);
      // No message of the workload fits.
      await expect(measure(mode, { "max.message.bytes": "80" })).rejects.toMatchObject({
        message: expect.stringContaining("large"),
      });
    },
  );
});
