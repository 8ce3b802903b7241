import type { ConfigEntry } from "../topics/topic-config.ts";

/** Where a setting's value comes from, in Kafka's numbers. */
export const ConfigSource = { TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5, GROUP: 8 } as const;

export function configSource(entry: ConfigEntry): number {
  return entry.isDefault ? ConfigSource.DEFAULT : ConfigSource.TOPIC;
}
