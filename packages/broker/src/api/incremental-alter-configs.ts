import { incrementalAlterConfigs as api } from "../protocol/messages/incremental-alter-configs.ts";
import { alterResources, type ConfigChange, type CurrentConfig } from "./config-alteration.ts";
import { type Handler, serve } from "./handler.ts";

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

/** IncrementalAlterConfigs, versions 0 to 1: topics, groups and the broker; set, delete, and append or subtract for lists. */
export const incrementalAlterConfigs: Handler = serve(api, async (request, context) => ({
  responses: await alterResources(
    context,
    request.resources,
    request.validateOnly,
    ({ configs }, current) => {
      const changed = new Set(configs.map(({ name }) => name));
      const kept = Object.entries(current.overrides())
        .filter(([name]) => !changed.has(name))
        .map(([name, value]): ConfigChange => ({ kind: "set", name, value }));
      return [...kept, ...configs.map((config) => changeOf(config, current))];
    },
  ),
}));

interface Operation {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

function changeOf({ name, configOperation, value }: Operation, current: CurrentConfig): ConfigChange {
  const parts = (value ?? "").split(",").map((part) => part.trim());
  const present = current
    .get(name)
    .split(",")
    .filter((part) => part !== "");
  if (value === null && configOperation !== DELETE) return { kind: "set", name, value };
  switch (configOperation) {
    case SET:
      return { kind: "set", name, value };
    case DELETE:
      return { kind: "reset", name };
    case APPEND:
      if (!current.isList(name)) return { kind: "impossible", name, reason: `${name} is not a list` };
      return { kind: "set", name, value: [...new Set([...present, ...parts])].join(",") };
    case SUBTRACT:
      if (!current.isList(name)) return { kind: "impossible", name, reason: `${name} is not a list` };
      return { kind: "set", name, value: present.filter((part) => !parts.includes(part)).join(",") };
    default:
      return { kind: "unknown", name, reason: `unknown operation ${configOperation}` };
  }
}
