import { describe, expect, it } from "vitest";
import { type ConsumerOptions, type KafkaConnection, startConsumer } from "../src/index.ts";

const GOOD: ConsumerOptions = { groupId: "g", topics: ["t"], handler() {} };
const AWAY: KafkaConnection = { brokers: ["127.0.0.1:1"] };

/** Refused before anything is asked of a broker: there is none. */
async function refusal(options: object): Promise<string> {
  const broken = { ...GOOD, ...options } as ConsumerOptions;
  const error = await startConsumer(AWAY, broken).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: "BAD_CONSUMER_OPTIONS" });
  return String(error);
}

describe("the options of a consumer", () => {
  it.each<[object, string]>([
    [{ groupId: "" }, 'groupId cannot be ""'],
    [{ groupId: undefined }, "needs a groupId"],
    [{ topics: "t" }, "topics cannot be"],
    [{ topics: [] }, "topics cannot be []"],
    [{ handler: undefined }, "a handler or a batch handler"],
    [{ batch: { handler() {} } }, "a handler or a batch handler"],
    [{ handler: { module: "./handler.js" } }, "handler cannot be"],
    [{ handler: undefined, batch: { handler() {}, maxRecord: 5 } }, "batch.maxRecord is not known"],
    [{ handler: undefined, batch: { handler() {}, maxBytes: 0 } }, "batch.maxBytes cannot be 0"],
    [{ concurrency: 1.5 }, "concurrency cannot be 1.5"],
    [{ parallelism: "keys" }, "it must be one of key, partition, single"],
    [{ order: "partition" }, "it must be one of key, none"],
    [{ offset: "begin" }, 'offset cannot be "begin"'],
    [{ offset: -5 }, "offset cannot be -5"],
    [{ offset: new Date("soon") }, "offset cannot be"],
    [{ offset: { time: 5 } }, "offset cannot be"],
    [{ commit: "auto" }, 'commit cannot be "auto"'],
    [{ commit: { intervalMs: -1 } }, "commit cannot be"],
    [{ retry: { delayMs: [1] } }, "retry cannot be"],
    [{ retry: { delaysMs: [-1] } }, "retry cannot be"],
    [{ retry: { delaysMs: Array.from({ length: 21 }, () => 1) } }, "at most 20"],
    [{ onFailure: "ignore" }, "it must be one of dead-letter, stop"],
    [{ sessionTimeoutMs: "10s" }, "sessionTimeoutMs cannot be"],
    [{ ignoreCommitted: "no" }, "ignoreCommitted cannot be"],
    [{ conurrency: 4 }, "conurrency is not known"],
    [{ groupProtocol: "new" }, "it must be one of classic, consumer"],
    [{ assignor: "sticky" }, "it must be one of range, cooperative-sticky, uniform"],
    [{ assignor: "uniform" }, "uniform cannot be with the groupProtocol classic"],
    [
      { groupProtocol: "consumer", assignor: "cooperative-sticky" },
      "cannot be with the groupProtocol consumer",
    ],
  ])("are refused where they cannot be: %o", async (options, sentence) => {
    expect(await refusal(options)).toContain(sentence);
  });

  it("name what a mistyped one may have meant", async () => {
    const error = await startConsumer(AWAY, { ...GOOD, ...{ conurrency: 4 } }).catch((e) => e);
    expect(error.advice).toBe("Did you mean concurrency?");
  });

  it.each([
    ["data:text/javascript,export const handler = () => {};", "no default export"],
    ["file:///nowhere/handler.js", "Cannot find module"],
    ["data:text/javascript,throw new Error('broken')", "broken"],
  ])("are refused with a handler's module that no thread can use: %s", async (href, reason) => {
    expect(await refusal({ handler: { module: new URL(href) } })).toContain(reason);
  });

  it.each([[], "127.0.0.1:9092", undefined])("are not looked at where brokers are %o", async (brokers) => {
    const nowhere = { brokers } as unknown as KafkaConnection;
    await expect(startConsumer(nowhere, GOOD)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("pass where they are what they must be", async () => {
    const options: ConsumerOptions = {
      ...GOOD,
      topics: ["t", /^u-/],
      offset: { timeMs: 0 },
      commit: { everyRecords: 10 },
      retry: { delaysMs: [0], transientForMs: Number.POSITIVE_INFINITY },
      groupInstanceId: undefined as never,
    };
    const error = await startConsumer(AWAY, options).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "KAFKA_UNREACHABLE" });
  });
});
