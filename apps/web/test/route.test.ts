import { describe, expect, it } from "vitest";
import { parseRoute, routeHash } from "../src/route.ts";
import { ageText, clockText, dateText } from "../src/time-text.ts";

const PAIR = "9wFFyRfZBsuAha4YcuxcXLKwMxJR43S7fPfQLusDBzvT";

describe("the hash of the page", () => {
  it.each([
    ["", null, "1m"],
    ["#", null, "1m"],
    [`#/${PAIR}`, PAIR, "1m"],
    [`#/${PAIR}/4h`, PAIR, "4h"],
    [`#/${PAIR}/7m`, PAIR, "1m"],
    ["#/<script>/1d", null, "1d"],
    ["#//15m", null, "15m"],
  ])("%s", (hash, pair, interval) => {
    expect(parseRoute(hash)).toEqual({ pair, interval });
  });

  it("comes back", () => {
    expect(parseRoute(routeHash(PAIR, "12h"))).toEqual({ pair: PAIR, interval: "12h" });
  });
});

describe("times", () => {
  it("are in UTC", () => {
    expect(clockText(1_744_286_405)).toBe("12:00:05");
    expect(dateText(1_744_286_405)).toBe("2025-04-10 12:00:05 UTC");
    expect([clockText(null), dateText(null)]).toEqual(["–", "–"]);
  });

  it.each([
    [null, "–"],
    [-5, "0.0 s"],
    [1234, "1.2 s"],
    [59_999, "59 s"],
    [120_000, "2 min"],
    [7_200_000, "2 h"],
    [200_000_000, "2 d"],
  ])("%s ms ago is %s", (ms, text) => {
    expect(ageText(ms)).toBe(text);
  });
});
