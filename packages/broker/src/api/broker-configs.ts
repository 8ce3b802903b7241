import {
  type BrokerConfiguration,
  CLUSTER,
  type SettingLayer,
} from "../configuration/broker-configuration.ts";
import { brokerSettings } from "../configuration/broker-settings.ts";
import { javaDouble } from "../configuration/java-double.ts";
import type { describeConfigs as api } from "../protocol/messages/describe-configs.ts";
import type { ResponseOf } from "../protocol/schema.ts";
import { ConfigType } from "../topics/topic-config.ts";
import { ConfigSource, layerSource } from "./config-source.ts";

type Config = ResponseOf<typeof api>["results"][number]["configs"][number];

interface Shown {
  readonly withSynonyms: boolean;
  readonly withDocumentation: boolean;
}

/** Kafka's number for a type that it does not know. */
const UNKNOWN_TYPE = 0;

/** All settings of this broker, and those that were set though they mean nothing here. */
export function brokerConfigs(configuration: BrokerConfiguration, shown: Shown): Config[] {
  const names = new Set(brokerSettings.keys());
  for (const scope of [String(configuration.settings.nodeId), CLUSTER]) {
    for (const name of Object.keys(configuration.overrides(scope))) names.add(name);
  }
  return [...names].map((name) => {
    const told = config(name, configuration.layers(name), shown);
    // What holds is told as the number that it is, what was set as it was written.
    const isReal = told.configType === ConfigType.DOUBLE && told.value !== null;
    return isReal ? { ...told, value: javaDouble(Number(told.value)) } : told;
  });
}

/** What was set for the cluster, and nothing else. */
export function clusterConfigs(configuration: BrokerConfiguration, shown: Shown): Config[] {
  return Object.keys(configuration.overrides(CLUSTER)).map((name) =>
    config(
      name,
      configuration.layers(name).filter(({ origin }) => origin === "cluster"),
      shown,
    ),
  );
}

function config(name: string, layers: readonly SettingLayer[], shown: Shown): Config {
  const setting = brokerSettings.get(name);
  // What nobody knows might be a password: Kafka does not tell it either.
  const isSensitive = setting === undefined;
  const synonyms = layers.map(synonymOf);
  const [first] = layers;
  return {
    name,
    value: isSensitive ? null : (first?.value ?? null),
    readOnly: setting === undefined || setting.effect.kind === "read-only",
    configSource: first === undefined ? ConfigSource.DEFAULT : layerSource(first),
    isSensitive,
    synonyms: shown.withSynonyms ? synonyms.map((one) => (isSensitive ? { ...one, value: null } : one)) : [],
    configType: setting?.type ?? UNKNOWN_TYPE,
    documentation: shown.withDocumentation ? (setting?.documentation ?? null) : null,
  };
}

/** A layer as it is told to clients. */
export function synonymOf(layer: SettingLayer) {
  return { name: layer.name, value: layer.value, source: layerSource(layer) };
}
