import type { Choice } from "./choice.ts";

/** The names of the small world: mostly what there is, so that steps meet. */
const LONG = "x".repeat(250);

export function topicName(choice: Choice): string {
  return choice.mostly(
    choice.pick("t1", "t1", "t2", "t2", "t3"),
    "c.d",
    "c_d",
    "unknown",
    "",
    ".",
    "a/b",
    LONG,
  );
}

/** A topic that may be there. */
export function knownTopic(choice: Choice): string {
  return choice.pick("t1", "t1", "t2", "t2", "t3", "c.d");
}

export function partitionIndex(choice: Choice): number {
  return choice.mostly(choice.pick(0, 0, 0, 1, 2), 7, -1);
}

export function classicGroup(choice: Choice): string {
  return choice.mostly(choice.pick("g1", "g1", "g2"), "k1", "g9", "");
}

/** A group of the new protocol in most cases. */
export function consumerGroup(choice: Choice): string {
  return choice.mostly(choice.pick("k1", "k1", "k2"), "g1", "k9", "");
}

export function anyGroup(choice: Choice): string {
  return choice.chance(0.5) ? classicGroup(choice) : consumerGroup(choice);
}

export function memberName(choice: Choice): string {
  return choice.pick("m1", "m1", "m2", "m3");
}

export function instanceOf(choice: Choice, member: string): string | null {
  return choice.mostly(member === "m3" ? "i3" : null, "i3", "i1", "", null);
}

export function transactionalId(choice: Choice): string {
  return choice.mostly(choice.pick("x1", "x1", "x2"), "x9", "");
}

/** A number that is sometimes a little off. */
export function near(choice: Choice, value: number): number {
  return value + choice.mostly(0, 1, -1, 5);
}
