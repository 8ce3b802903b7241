import { describe, expect, it } from "vitest";
import { failureOf } from "../src/consumer/handler-call.ts";
import { BatchFailure } from "../src/index.ts";

describe("what a handler throws", () => {
  it.each([
    { thrown: new TypeError("no pair"), message: "no pair" },
    { thrown: "no pair", message: "no pair" },
    { thrown: { code: 7, pair: "SOL" }, message: "{ code: 7, pair: 'SOL' }" },
    { thrown: undefined, message: "undefined" },
  ])("is told as $message", ({ thrown, message }) => {
    expect(failureOf(thrown, () => "unknown")).toMatchObject({
      kind: "unknown",
      error: { message },
      index: null,
    });
  });

  it("names the record of a batch where the handler does", () => {
    const failure = failureOf(new BatchFailure(2, "no pair"), () => "unknown");
    expect(failure).toMatchObject({ error: { message: "no pair" }, index: 2 });
  });
});
