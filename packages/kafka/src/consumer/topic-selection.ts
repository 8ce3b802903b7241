import { persistently } from "../cluster/backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { unknownTopic } from "../cluster/errors.ts";
import { isFollowUpTopic } from "../retry/retry-topic.ts";

/** The topics that names and expressions mean now, sorted. Throws UNKNOWN_TOPIC for a name that does not exist. */
export async function selectTopics(
  cluster: Cluster,
  wanted: readonly (string | RegExp)[],
): Promise<string[]> {
  const names = wanted.filter((one) => typeof one === "string");
  const expressions = wanted.filter((one) => one instanceof RegExp);
  if (expressions.length === 0) {
    await persistently(cluster, {}, () => cluster.layouts(names));
    return [...new Set(names)].sort();
  }
  const existing = await persistently(cluster, {}, () => cluster.topicNames());
  const missing = names.find((name) => !existing.includes(name));
  if (missing !== undefined) throw unknownTopic(missing);
  const matching = existing.filter(
    (name) => !isFollowUpTopic(name) && expressions.some((expression) => matches(expression, name)),
  );
  return [...new Set([...names, ...matching])].sort();
}

/** An expression with the flag g or y keeps a place of its own between calls, which must not matter. */
function matches(expression: RegExp, name: string): boolean {
  expression.lastIndex = 0;
  return expression.test(name);
}
