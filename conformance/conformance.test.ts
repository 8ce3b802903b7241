import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apacheKafkaAvailable, KAFKA_VERSION } from "./apache-kafka.ts";
import { conformanceCases } from "./cases/index.ts";
import { startSides } from "./run.ts";
import type { Side } from "./side.ts";
import { runCase, unexercised } from "./suite.ts";

const reason = apacheKafkaAvailable();
const title = `the embedded broker answers as Apache Kafka ${KAFKA_VERSION} does`;

describe.skipIf(reason !== null)(reason === null ? title : `${title} (not compared: ${reason})`, () => {
  let sides: readonly [embedded: Side, apache: Side];

  beforeAll(async () => {
    sides = await startSides();
  });

  afterAll(async () => {
    await Promise.all(sides.map((side) => side.stop()));
  });

  test.each(conformanceCases.map((one) => [`${one.area}: ${one.name}`, one] as const))(
    "%s",
    async (_name, one) => {
      expect((await runCase(one, sides)).differences).toEqual([]);
    },
  );

  test("every served API is compared at both ends of its versions", () => {
    expect(unexercised()).toEqual([]);
  });
});
