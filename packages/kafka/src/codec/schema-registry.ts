import { CandlewickError, type Clock, ERRORS, systemClock, z } from "@candlewick/runtime";
import { type Backoff, backoffMs } from "../cluster/backoff.ts";
import { KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";
import type { TokenSource } from "../security/token-source.ts";

export type SchemaType = "AVRO" | "PROTOBUF" | "JSON";

/** A schema with the schemas that it refers to, those first that refer to none. */
export interface RegisteredSchema {
  readonly id: number;
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly { readonly name: string; readonly text: string }[];
}

/** Where a schema that another one refers to is registered, and the name that it is referred to by. */
export interface SchemaReference {
  /** Of Avro the full name of a type, of Protobuf the file as it is imported. */
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema registry that speaks Confluent's HTTP interface: Confluent's own, Apicurio, Karapace, Redpanda. */
export interface SchemaRegistry {
  /** Null for a number that the registry does not know. */
  byId(id: number): Promise<RegisteredSchema | null>;
  /** Registers a schema for a subject, if it is not there already; resolves with its number. */
  register(
    subject: string,
    type: SchemaType,
    text: string,
    references?: readonly SchemaReference[],
  ): Promise<number>;
  /** The schemas referred to, and those that they refer to, which come first. */
  referenced(references: readonly SchemaReference[]): Promise<RegisteredSchema["references"]>;
  /** Null for a subject without schemas. */
  latest(subject: string): Promise<RegisteredSchema | null>;
}

export interface SchemaRegistryOptions {
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string } | TokenSource;
  /** Of one request; 10 s by default. */
  readonly timeoutMs?: number;
  /** Attempts after the first one; 3 by default. */
  readonly retries?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const referenceSchema = z.object({ name: z.string(), subject: z.string(), version: z.int() });
const schemaSchema = z.object({
  id: z.int().optional(),
  schema: z.string(),
  schemaType: z.enum(["AVRO", "PROTOBUF", "JSON"]).default("AVRO"),
  references: z.array(referenceSchema).default([]),
});
type Answer = z.output<typeof schemaSchema>;

const MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
const BACKOFF: Backoff = { firstMs: 200, maxMs: 2_000 };
const MAX_REFERENCES = 100;

/** Schemas never change under their number, so each is asked for once. */
export function schemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const http = new RegistryHttp(options);
  const byId = new Map<number, Promise<RegisteredSchema | null>>();
  const registered = new Map<string, Promise<number>>();
  const referenced = new Map<string, Promise<RegisteredSchema["references"]>>();
  const whole = async (id: number, answer: Answer): Promise<RegisteredSchema> => ({
    id,
    type: answer.schemaType,
    text: answer.schema,
    references: await resolve(http, answer.references),
  });
  return {
    byId: (id) =>
      once(byId, id, async () => {
        const answer = await http.get(`/schemas/ids/${id}`, schemaSchema);
        return answer === null ? null : whole(id, answer);
      }),
    register: (subject, type, text, references = []) =>
      once(registered, JSON.stringify([subject, type, text, references]), () =>
        http.register(subject, type, text, references),
      ),
    referenced: (references) => once(referenced, JSON.stringify(references), () => resolve(http, references)),
    async latest(subject) {
      const answer = await http.get(`/subjects/${encodeURIComponent(subject)}/versions/latest`, schemaSchema);
      return answer?.id === undefined ? null : whole(answer.id, answer);
    },
  };
}

/** Those who ask at one time share a request; what failed or is not there is asked for again. */
async function once<Key, Value>(
  known: Map<Key, Promise<Value>>,
  key: Key,
  ask: () => Promise<Value>,
): Promise<Value> {
  const asked = known.get(key) ?? ask();
  known.set(key, asked);
  try {
    const value = await asked;
    if (value === null) known.delete(key);
    return value;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}

async function resolve(
  http: RegistryHttp,
  references: readonly SchemaReference[],
  found = new Map<string, string>(),
): Promise<{ name: string; text: string }[]> {
  for (const { name, subject, version } of references) {
    if (found.has(name)) continue;
    if (found.size > MAX_REFERENCES)
      throw new RangeError(`a schema refers to more than ${MAX_REFERENCES} others`);
    const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
    const answer = await http.get(path, schemaSchema);
    if (answer === null) throw new Error(`the registry lacks version ${version} of ${subject}`);
    await resolve(http, answer.references, found);
    found.set(name, answer.schema);
  }
  return [...found].map(([name, text]) => ({ name, text }));
}

/** The requests, repeated where that may help. */
class RegistryHttp {
  readonly #options: SchemaRegistryOptions;
  readonly #base: string;

  constructor(options: SchemaRegistryOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, "");
  }

  /** Null for what is not there. */
  async get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | null> {
    const { status, body } = await this.#ask(path, { method: "GET" });
    if (status === 404 && isMissing(body)) return null;
    return this.#read(body, schema);
  }

  async register(
    subject: string,
    schemaType: SchemaType,
    schema: string,
    references: readonly SchemaReference[],
  ): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const { status, body } = await this.#ask(path, {
      method: "POST",
      body: JSON.stringify({ schemaType, schema, ...(references.length === 0 ? {} : { references }) }),
      headers: { "content-type": MEDIA_TYPE },
    });
    if (status >= 400 && (status !== 404 || isMissing(body))) {
      throw new CandlewickError(
        ERRORS.badInput,
        `The schema registry does not take the schema for ${subject} (${reasonOf(body, status)}).`,
        "Make it compatible with the one before, or change the subject's compatibility.",
      );
    }
    return this.#read(body, z.object({ id: z.int() })).id;
  }

  /** Resolves with any answer that asking again would not change. */
  async #ask(path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
    const { clock = systemClock, random = Math.random, retries = 3 } = this.#options;
    for (let attempt = 0; ; attempt++) {
      let reason: string;
      try {
        const answer = await this.#attempt(path, init);
        if (answer.status !== 429 && answer.status < 500) return answer;
        reason = reasonOf(answer.body, answer.status);
      } catch (error) {
        if (error instanceof CandlewickError) throw error;
        reason = rootMessage(error);
      }
      if (attempt >= retries) throw this.#unavailable(reason);
      await clock.delay(backoffMs(BACKOFF, attempt, random));
    }
  }

  async #attempt(path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.#base + path, {
      ...init,
      headers: { accept: MEDIA_TYPE, ...init.headers, ...(await this.#authorization()) },
      signal: AbortSignal.timeout(this.#options.timeoutMs ?? 10_000),
    });
    if (response.status === 401 || response.status === 403) {
      throw new CandlewickError(
        KAFKA_ERRORS.authenticationFailed,
        `The schema registry at ${new URL(this.#base).host} refused us (HTTP ${response.status}).`,
        "Check the user, the password and their rights in kafka.schemaRegistry.",
      );
    }
    const text = await response.text();
    return { status: response.status, body: parse(text) };
  }

  async #authorization(): Promise<Record<string, string>> {
    const { credentials } = this.#options;
    if (credentials === undefined) return {};
    if ("token" in credentials) return { authorization: `Bearer ${await credentials.token()}` };
    const pair = Buffer.from(`${credentials.username}:${credentials.password}`);
    return { authorization: `Basic ${pair.toString("base64")}` };
  }

  #read<Schema extends z.ZodType>(body: unknown, schema: Schema): z.output<Schema> {
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    // Another server, or another path of it, knows none of our schemas; that makes no record undecodable.
    throw this.#unavailable("its answer is not that of a schema registry");
  }

  #unavailable(reason: string): CandlewickError {
    return new CandlewickError(
      KAFKA_ERRORS.registryUnavailable,
      `The schema registry at ${new URL(this.#base).host} gave no answer (${reason}).`,
      "Check kafka.schemaRegistry.url and that the registry is up.",
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether a registry says that it lacks a subject, version or schema (40401, 40402, 40403). */
function isMissing(body: unknown): boolean {
  const answer = z.object({ error_code: z.int().min(40_400).max(40_499) }).safeParse(body);
  return answer.success;
}

function reasonOf(body: unknown, status: number): string {
  const answer = z.object({ message: z.string() }).safeParse(body);
  return answer.success ? answer.data.message : `HTTP ${status}`;
}
