import type { World } from "./world.ts";

/**
 * A member's id that the broker has drawn, whose answer to the JoinGroup is still to come: such members are told apart
 * by what else is said of them.
 */
const DRAWN_ID = /^(.*-)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const SOMEBODY = "somebody";

/** The ids in an answer by the names that a run has given to them, and lists in an order that follows from these. */
export function sight(answer: unknown, world: World): unknown {
  if (typeof answer === "string") return world.labelOf(answer) ?? (DRAWN_ID.test(answer) ? SOMEBODY : answer);
  if (Buffer.isBuffer(answer) || typeof answer !== "object" || answer === null) return answer;
  if (Array.isArray(answer)) {
    const elements = answer.flatMap(byPartition).map((element) => sight(element, world));
    return elements
      .map((element) => ({ element, key: keyOf(element) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ element }) => element);
  }
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      sight(ASSIGNMENTS.has(name) ? counted(value) : value, world),
    ]),
  );
}

/** A topic once for each of its partitions: how a Fetch answer bundles them is arbitrary. */
function byPartition(element: unknown): unknown[] {
  if (typeof element !== "object" || element === null || !("partitions" in element)) return [element];
  const { partitions, ...topic } = element;
  if (!("topic" in topic) || !Array.isArray(partitions) || partitions.length === 0) return [element];
  return partitions.map((partition) => ({ ...topic, partition }));
}

const ASSIGNMENTS: ReadonlySet<string> = new Set(["assignment", "targetAssignment"]);

/**
 * How many partitions a member gets, not which: where subscriptions differ, that hangs on the order of hash maps in
 * Apache Kafka. Where they are the same, the list of behaviours compares it.
 */
function counted(assignment: unknown): unknown {
  if (typeof assignment !== "object" || assignment === null || !("topicPartitions" in assignment))
    return assignment;
  const { topicPartitions } = assignment;
  if (!Array.isArray(topicPartitions)) return assignment;
  return {
    topicPartitions: topicPartitions.map((one: { readonly partitions: readonly number[] }) => ({
      ...one,
      partitions: one.partitions.length,
    })),
  };
}

function textOf(fields: object): string {
  return JSON.stringify(fields, (_name, value: unknown) =>
    Buffer.isBuffer(value) ? value.toString("latin1") : value,
  );
}

const IDS = ["topicId", "memberId"];

function keyOf(element: unknown): string {
  if (typeof element === "string") return element;
  if (typeof element !== "object" || element === null || Buffer.isBuffer(element)) return "";
  const fields = element as Record<string, unknown>;
  const ids = IDS.map((name) => String(fields[name] ?? "")).join();
  if (fields.memberId === SOMEBODY) return `${ids} ${textOf(fields)}`;
  // Of all lists only those of partitions are put in order by more than their ids.
  if (typeof fields.partition !== "object") return ids;
  const { partitionIndex } = fields.partition as { readonly partitionIndex?: number };
  return `${ids} ${fields.topic} ${String(partitionIndex).padStart(6)}`;
}

/** Takes out of the lists of an answer what other runs have left behind. */
export function ofThisRun(answer: unknown, world: World): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const isOurs = (element: unknown): boolean =>
    typeof element !== "object" || JSON.stringify(element).includes(world.prefix);
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.filter(isOurs) : value,
    ]),
  );
}
