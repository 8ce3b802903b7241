import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fifo } from "../src/delivery/fifo.ts";

const operation = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant("shift" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant("unshift" as const), count: fc.integer({ min: 0, max: 40 }) }),
);

describe("a queue", () => {
  it("does what an array does", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const queue = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const { kind, count } of operations) {
          const items = Array.from({ length: count }, () => next++);
          if (kind === "unshift") {
            queue.unshift(items);
            model.unshift(...items);
          } else {
            for (const item of items) {
              if (kind === "push") {
                queue.push(item);
                model.push(item);
              } else expect(queue.shift()).toBe(model.shift());
            }
          }
          expect(queue.size).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
        }
        for (let left = model.length; left >= 0; left--) expect(queue.shift()).toBe(model.shift());
      }),
    );
  });
});
