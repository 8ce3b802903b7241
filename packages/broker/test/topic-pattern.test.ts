import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidPattern, TopicPattern } from "../src/groups/topic-pattern.ts";

describe("a pattern for topics", () => {
  test.each([
    ["orders", ["orders"], ["orders2", "order", ""]],
    ["orders-.*", ["orders-", "orders-eu"], ["orders", "my-orders-eu"]],
    ["^orders$", ["orders"], ["orders1"]],
    ["a|b|", ["a", "b", ""], ["ab"]],
    ["(?:a|bc)+d?", ["a", "abcd", "bcbc"], ["d", "abd d"]],
    ["[a-c\\d_]{2,3}", ["ab", "a1_"], ["a", "abcd", "xy"]],
    ["[^a-z]+", ["A1", "-"], ["Aa"]],
    ["[]a]+", ["]a"], ["b"]],
    ["[[:alpha:][:digit:]]+", ["a1"], ["a-1"]],
    ["[a-]+", ["a-"], ["b"]],
    ["(?i)OrDers", ["orders", "ORDERS"], ["order"]],
    ["(?i:o)rders", ["Orders"], ["OrderS"]],
    ["(?P<name>x)(?<other>y)", ["xy"], ["x"]],
    ["\\Qa.b\\E+", ["a.b"], ["axb"]],
    ["a\\.b", ["a.b"], ["axb"]],
    ["\\Aa\\z", ["a"], ["b"]],
    ["\\bword\\b", ["word"], ["words"]],
    ["\\w+\\W\\w+", ["a-b"], ["ab"]],
    ["\\pL+\\p{Nd}", ["aä1"], ["1a"]],
    ["\\p{Greek}+", ["αβ"], ["ab"]],
    ["\\x61\\x{62}\\143", ["abc"], ["ab"]],
    ["a*?b+?c??", ["b", "aabbc"], ["c"]],
    ["(|a)*", ["", "aa"], ["b"]],
    ["x{0}", [""], ["x"]],
    ["a{2,}", ["aa", "aaaa"], ["a"]],
    ["a{", ["a{"], ["a"]],
  ])("%s", (pattern, matching, others) => {
    const compiled = new TopicPattern(pattern);
    for (const text of matching) expect(compiled.matches(text), text).toBe(true);
    for (const text of others) expect(compiled.matches(text), text).toBe(false);
  });

  test.each(["(", ")", "a)", "*", "a**", "[a", "[z-a]", "a{3,2}", "a{1001}", "\\", "\\1", "(?=a)", "(?!a)"])(
    "%s is none",
    (pattern) => {
      expect(() => new TopicPattern(pattern)).toThrow(InvalidPattern);
    },
  );

  test.each([
    "(?<=a)b",
    "(?z)a",
    "\\p{Nonsense}",
    "\\y",
    "[[:nonsense:]]",
    "(?P<>a)",
    "((a{1000}){1000}){1000}",
    "a{1000}b{1000}c",
  ])("%s is none either", (pattern) => {
    expect(() => new TopicPattern(pattern)).toThrow(InvalidPattern);
  });

  test("that would take another engine for ever takes no time", () => {
    const name = "a".repeat(249);
    const begin = performance.now();
    expect(new TopicPattern("(a*)*b").matches(name)).toBe(false);
    expect(new TopicPattern("(a|a)*(a|a)*(a|a)*b").matches(name)).toBe(false);
    expect(() => new TopicPattern(`${"(".repeat(50_000)}`)).toThrow(InvalidPattern);
    expect(() => new TopicPattern("((()*)*)*".repeat(2000))).toThrow(InvalidPattern);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  test("agrees with JavaScript's own where both mean the same", () => {
    const leaf = fc.constantFrom("a", "b", "[ab]", "[^a]", ".", "\\w", "");
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie("pattern"), tie("pattern")).map(([one, two]) => `${one}${two}`),
        fc.tuple(tie("pattern"), tie("pattern")).map(([one, two]) => `(?:${one}|${two})`),
        fc
          .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{0,2}", "{2}"))
          .map(([one, times]) => `(?:${one})${times}`),
      ),
    }));
    const text = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (source, name) => {
        expect(new TopicPattern(source).matches(name)).toBe(new RegExp(`^(?:${source})$`).test(name));
      }),
      { numRuns: 1000 },
    );
  });

  test("never fails in another way than by InvalidPattern", () => {
    const noise = fc.string({ unit: fc.constantFrom(..."ab()[]{}|*+?^$\\.,-:<>P=!dwpQE019"), maxLength: 20 });
    fc.assert(
      fc.property(noise, (source) => {
        try {
          new TopicPattern(source).matches("ab-1");
        } catch (error) {
          if (!(error instanceof InvalidPattern)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
