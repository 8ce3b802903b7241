import { handlers } from "../../src/api/index.ts";
import { apiVersions } from "../../src/protocol/messages/api-versions.ts";
import type { Api, Fields, WireType } from "../../src/protocol/schema.ts";
import { clientBatch } from "../batches.ts";
import { encodeFrame } from "../raw-client.ts";

/** A plausible value, mostly of things that exist, so that mutations get past the first check. */
function plausible(type: WireType, random: () => number): unknown {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  switch (type.kind) {
    case "bool":
      return random() < 0.5;
    case "uuid":
      return "AAAAAAAAAAAAAAAAAAAAAA";
    case "string":
      return pick("t", "g", "consumer", "range", "", "x".repeat(300));
    case "bytes":
      return Buffer.from(pick("", "\0\0\0\0\0\u0001\0\u0001t", "abc"));
    case "records":
      return clientBatch({ values: ["a", "b"] });
    case "array":
      return Array.from({ length: Math.floor(random() * 3) }, () => plausible(type.element, random));
    case "struct":
      return plausibleStruct(type.fields, random);
    case "int64":
      return pick(-2, -1, 0, 1, 5, 2 ** 40);
    case "float64":
      return random();
    case "uint16":
    case "uint32":
      return pick(0, 1, 65535);
    default:
      return pick(-1, 0, 1, 2, 3, 100);
  }
}

function plausibleStruct(fields: Fields, random: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, plausible(field.type, random)]),
  );
}

/** Flips, overwrites, cuts or repeats some bytes; usually the size in front is made right again. */
function mutate(frame: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(frame);
  const count = Math.floor(random() * 4);
  for (let index = 0; index < count && bytes.length > 5; index++) {
    const at = 4 + Math.floor(random() * (bytes.length - 4));
    const kind = random();
    if (kind < 0.4) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind < 0.6) bytes[at] = Math.floor(random() * 256);
    else if (kind < 0.7) bytes.fill(random() < 0.5 ? 0xff : 0x7f, at, Math.min(bytes.length, at + 4));
    else if (kind < 0.85)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + Math.floor(random() * 8))]);
    else
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(Math.max(4, at - 16), at),
        bytes.subarray(at),
      ]);
  }
  if (random() < 0.99) bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

/** One API after the other in each of its versions, so that none is left out. */
const forms: readonly { readonly api: Api; readonly version: number }[] = [...handlers.values()].flatMap(
  ({ api }) =>
    Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, at) => ({
      api,
      version: api.minVersion + at,
    })),
);

/** How many requests it takes until every API was asked in every version. */
export const FORMS = forms.length;

/** The frame of a request, the `index`-th of a run, with some damage in most cases. */
export function mutatedRequest(index: number, random: () => number): Buffer {
  const { api, version } = forms[index % forms.length] ?? { api: apiVersions, version: 0 };
  return mutate(encodeFrame(api, version, index, plausibleStruct(api.request, random)), random);
}
