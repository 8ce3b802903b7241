import type { BrokerConfiguration, SettingLayer } from "../configuration/broker-configuration.ts";
import { brokerNameOf } from "../configuration/broker-settings.ts";
import type { ConfigEntry } from "../topics/topic-config.ts";

/** Where a setting's value comes from, in Kafka's numbers. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  GROUP: 8,
} as const;

/** The broker's settings behind a topic's: the first one counts where the topic has none of its own. */
export function topicLayers(
  topicSetting: string,
  configuration: BrokerConfiguration,
): readonly SettingLayer[] {
  const brokerName = brokerNameOf(topicSetting);
  return brokerName === undefined ? [] : configuration.layers(brokerName);
}

export function configSource(entry: ConfigEntry, configuration: BrokerConfiguration): number {
  if (!entry.isDefault) return ConfigSource.TOPIC;
  const [layer] = topicLayers(entry.name, configuration);
  return layer === undefined ? ConfigSource.DEFAULT : layerSource(layer);
}

export function layerSource({ origin }: SettingLayer): number {
  switch (origin) {
    case "broker":
      return ConfigSource.DYNAMIC_BROKER;
    case "cluster":
      return ConfigSource.DYNAMIC_DEFAULT_BROKER;
    case "start":
      return ConfigSource.STATIC_BROKER;
    case "default":
      return ConfigSource.DEFAULT;
  }
}
