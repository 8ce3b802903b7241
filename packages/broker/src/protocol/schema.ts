/**
 * The vocabulary in which each Kafka API is written down once: a table of fields, each with the range of
 * versions that carries it. The codec turns such a table into an encoder and a decoder per version.
 *
 * The types of decoded and encodable messages are derived from the table, so that a table and the code that
 * uses it cannot drift apart.
 */

/** "3+" (from version 3 on), "0-8" (both ends included) or "4" (that version alone). */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`;

export type WireType =
  | {
      readonly kind: "bool" | "int8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "float64" | "uuid";
    }
  | { readonly kind: "string" | "bytes"; readonly nullable: boolean }
  | { readonly kind: "records" }
  | { readonly kind: "array"; readonly nullable: boolean; readonly element: WireType }
  | { readonly kind: "struct"; readonly nullable: boolean; readonly fields: Fields };

/**
 * One field of a message. `Out` is what decoding yields, `In` what encoding takes; an `Optional` field may be
 * left out when encoding and then has its fallback value.
 */
export interface Field<Out, In = Out, Optional extends boolean = boolean> {
  readonly type: WireType;
  readonly since: number;
  readonly until: number;
  readonly tag: number | undefined;
  readonly fallback: unknown;
  /** Never present at run time: it only carries the types. */
  readonly types?: { readonly out: Out; readonly in: In; readonly optional: Optional };
}

export type Fields = { readonly [name: string]: Field<unknown, unknown> };

type OutOf<F> = F extends Field<infer Out, infer _In> ? Out : never;
type InOf<F> = F extends { readonly types?: { readonly in: infer In } } ? In : never;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly types?: { readonly optional: true } } ? K : never;
}[keyof F];

/** A decoded message: every field is there; one that the version lacks has its fallback value. */
export type Decoded<F extends Fields> = { -readonly [K in keyof F]: OutOf<F[K]> };

/** A message to encode: fields with a fallback may be left out; fields that the version lacks are dropped. */
export type Encodable<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]>;
} & {
  readonly [K in OptionalKeys<F>]?: InOf<F[K]> | undefined;
};

const NEWEST = 0x7fff;

export function versionRange(versions: Versions): { since: number; until: number } {
  if (versions.endsWith("+")) return { since: Number(versions.slice(0, -1)), until: NEWEST };
  const [since, until] = versions.split("-");
  return { since: Number(since), until: Number(until ?? since) };
}

function field<Out, In, Optional extends boolean>(
  type: WireType,
  versions: Versions,
  fallback: unknown,
): Field<Out, In, Optional> {
  return { type, ...versionRange(versions), tag: undefined, fallback };
}

type Required<T> = Field<T, T, false>;
type Optional<T> = Field<T, T, true>;
/** A field that not every version has, or that has a fallback of its own, may be left out when encoding. */
interface Scalar<T> {
  (): Required<T>;
  (versions: Versions, fallback?: T): Optional<T>;
}

function scalar<T>(type: WireType, zero: T): Scalar<T> {
  function make(): Required<T>;
  function make(versions: Versions, fallback?: T): Optional<T>;
  function make(versions: Versions = "0+", fallback: T = zero): Field<T, T> {
    return field(type, versions, fallback);
  }
  return make;
}

export const bool = scalar<boolean>({ kind: "bool" }, false);
export const int8 = scalar<number>({ kind: "int8" }, 0);
export const int16 = scalar<number>({ kind: "int16" }, 0);
export const uint16 = scalar<number>({ kind: "uint16" }, 0);
export const int32 = scalar<number>({ kind: "int32" }, 0);
export const uint32 = scalar<number>({ kind: "uint32" }, 0);
/** A 64-bit integer as a JavaScript number: exact up to 2^53, clamped to the range when encoded. */
export const int64 = scalar<number>({ kind: "int64" }, 0);
export const float64 = scalar<number>({ kind: "float64" }, 0);
export const string = scalar<string>({ kind: "string", nullable: false }, "");
export const bytes = scalar<Buffer>({ kind: "bytes", nullable: false }, Buffer.alloc(0));

/** The uuid of zeroes, which stands for "none". */
export const NULL_UUID = "AAAAAAAAAAAAAAAAAAAAAA";
/** Sixteen bytes, shown as Kafka's own tools show them: base64url without padding. */
export const uuid = scalar<string>({ kind: "uuid" }, NULL_UUID);

export function nullableString(versions: Versions = "0+"): Optional<string | null> {
  return field({ kind: "string", nullable: true }, versions, null);
}

export function nullableBytes(versions: Versions = "0+"): Optional<Buffer | null> {
  return field({ kind: "bytes", nullable: true }, versions, null);
}

export type RecordsIn = Buffer | readonly Buffer[] | null;

/** Record batches as they stand in the log. Encoding takes several pieces and writes them without a copy. */
export function records(versions: Versions = "0+"): Field<Buffer | null, RecordsIn, true> {
  return field({ kind: "records" }, versions, null);
}

export function array<F extends Fields>(fields: F): Field<Decoded<F>[], readonly Encodable<F>[], false>;
export function array<F extends Fields>(
  fields: F,
  versions: Versions,
): Field<Decoded<F>[], readonly Encodable<F>[], true>;
export function array<F extends Fields>(
  fields: F,
  versions: Versions = "0+",
): Field<Decoded<F>[], readonly Encodable<F>[]> {
  const element: WireType = { kind: "struct", nullable: false, fields };
  return field({ kind: "array", nullable: false, element }, versions, []);
}

export function nullableArray<F extends Fields>(
  fields: F,
  versions: Versions = "0+",
): Field<Decoded<F>[] | null, readonly Encodable<F>[] | null, true> {
  const element: WireType = { kind: "struct", nullable: false, fields };
  return field({ kind: "array", nullable: true, element }, versions, null);
}

/** An array of plain values; the versions of the element are those of the list. */
export function list<T>(element: Field<T, T>): Field<T[], readonly T[], false>;
export function list<T>(element: Field<T, T>, versions: Versions): Field<T[], readonly T[], true>;
export function list<T>(element: Field<T, T>, versions: Versions = "0+"): Field<T[], readonly T[]> {
  return field({ kind: "array", nullable: false, element: element.type }, versions, []);
}

export function nullableList<T>(
  element: Field<T, T>,
  versions: Versions = "0+",
): Field<T[] | null, readonly T[] | null, true> {
  return field({ kind: "array", nullable: true, element: element.type }, versions, null);
}

export function struct<F extends Fields>(
  fields: F,
  versions: Versions = "0+",
): Field<Decoded<F> | null, Encodable<F> | null, true> {
  return field({ kind: "struct", nullable: false, fields }, versions, null);
}

export function nullableStruct<F extends Fields>(
  fields: F,
  versions: Versions = "0+",
): Field<Decoded<F> | null, Encodable<F> | null, true> {
  return field({ kind: "struct", nullable: true, fields }, versions, null);
}

/** A field in the tagged section of a flexible version: absent on the wire while it has its fallback value. */
export function tagged<Out, In>(tag: number, of: Field<Out, In>): Field<Out, In, true> {
  return { type: of.type, since: of.since, until: of.until, fallback: of.fallback, tag };
}

/** One API: its key, the versions this broker serves, from where its encoding is flexible, and both tables. */
export interface Api<Req extends Fields = Fields, Res extends Fields = Fields> {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** First version with compact lengths and tagged fields; Infinity where there is none. */
  readonly flexibleFrom: number;
  readonly request: Req;
  readonly response: Res;
}

export type RequestOf<A extends Api> = Decoded<A["request"]>;
export type ResponseOf<A extends Api> = Encodable<A["response"]>;

export function api<Req extends Fields, Res extends Fields>(definition: {
  key: number;
  name: string;
  versions: readonly [min: number, max: number];
  flexibleFrom?: number;
  request: Req;
  response: Res;
}): Api<Req, Res> {
  const { versions, flexibleFrom = Number.POSITIVE_INFINITY, ...rest } = definition;
  return { ...rest, minVersion: versions[0], maxVersion: versions[1], flexibleFrom };
}
