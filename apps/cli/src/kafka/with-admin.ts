import { type Admin, createAdmin, type KafkaConnection } from "@candlewick/kafka";
import { CandlewickError, ERRORS, suggest } from "@candlewick/runtime";
import { findSources, type SourceFlags, withKafka } from "../sources.ts";

/** Runs `use` with an admin client of the cluster that the flags name. */
export function withAdmin<Result>(
  flags: SourceFlags,
  use: (admin: Admin, connection: KafkaConnection) => Promise<Result>,
): Promise<Result> {
  return withKafka(findSources(flags), async ({ connection }) => {
    const admin = await createAdmin(connection);
    try {
      return await use(admin, connection);
    } finally {
      await admin.close();
    }
  });
}

/** Throws with a suggestion for the first topic that does not exist. */
export async function requireTopics(admin: Admin, wanted: readonly string[]): Promise<void> {
  const topics = await admin.listTopics({ withInternal: true });
  for (const topic of wanted) if (!topics.includes(topic)) throw missing("topic", topic, topics);
}

/** Throws with a suggestion for the first group that does not exist. */
export async function requireGroups(admin: Admin, wanted: readonly string[]): Promise<void> {
  const groups = (await admin.listGroups()).map(({ groupId }) => groupId);
  for (const group of wanted) if (!groups.includes(group)) throw missing("group", group, groups);
}

const MAX_NAMES = 20;

function missing(kind: string, name: string, known: readonly string[]): CandlewickError {
  const meant = suggest(name, known);
  // Kafka's own are seldom what somebody looks for.
  const listed = known.filter((one) => !one.startsWith("__"));
  const names = listed.slice(0, MAX_NAMES).join(", ");
  const more = listed.length > MAX_NAMES ? ` and ${listed.length - MAX_NAMES} more` : "";
  const advice = listed.length === 0 ? "There are none yet" : `There are ${names}${more}`;
  return new CandlewickError(
    ERRORS.badInput,
    `there is no ${kind} ${name}`,
    meant === undefined ? advice : `Did you mean ${meant}?`,
  );
}
