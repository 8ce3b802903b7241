import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apacheKafkaAvailable, KAFKA_VERSION } from "../apache-kafka.ts";
import { startSides } from "../run.ts";
import { prepare, STEPS, told } from "./command.ts";
import { type Sides, trial } from "./trial.ts";

/** Some of each theme; more of them, and other ones, are run by hand. */
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

const reason = apacheKafkaAvailable();
const title = `the embedded broker answers as Apache Kafka ${KAFKA_VERSION} does to requests drawn from a seed`;

describe.skipIf(reason !== null)(reason === null ? title : `${title} (not compared: ${reason})`, () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await startSides();
    await prepare(sides);
  });

  afterAll(async () => {
    await Promise.all(sides.map((side) => side.stop()));
  });

  test.each(SEEDS)("seed %i", async (seed) => {
    const { failure } = await trial(sides, seed, [...Array(STEPS).keys()]);
    expect(failure === undefined ? "no difference" : told(failure)).toBe("no difference");
  });
});
