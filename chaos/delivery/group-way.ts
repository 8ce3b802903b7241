import type { ConsumerOptions } from "@candlewick/kafka";

/** The ways in which a group may share its partitions out, by what they are called on the command line. */
export const GROUP_WAYS = {
  range: {},
  "cooperative-sticky": { assignor: "cooperative-sticky" },
  consumer: { groupProtocol: "consumer" },
} as const satisfies Readonly<Record<string, Partial<ConsumerOptions>>>;

export type GroupWay = keyof typeof GROUP_WAYS;

export function isGroupWay(name: string): name is GroupWay {
  return Object.hasOwn(GROUP_WAYS, name);
}
