import { expect, test } from "vitest";
import { catalogued } from "../src/cluster/catalogue.ts";
import { BrokerError, CODE } from "../src/cluster/errors.ts";

const INVALID_REQUEST = 42;
const CONNECTION = { brokers: ["127.0.0.1:9092"] };

test("a commit that meets another member of its name says what to do", () => {
  const error = catalogued(new BrokerError(CODE.fencedInstanceId, "committing the offsets of t"), CONNECTION);
  expect(error).toMatchObject({
    message: expect.stringContaining("FENCED_INSTANCE_ID while committing"),
    advice: expect.stringContaining("groupInstanceId"),
  });
});

test("what else a broker refuses for good is to be corrected", () => {
  const error = catalogued(new BrokerError(INVALID_REQUEST, "asking"), CONNECTION);
  expect(error).toMatchObject({ advice: expect.stringContaining("Correct what was asked for") });
});
