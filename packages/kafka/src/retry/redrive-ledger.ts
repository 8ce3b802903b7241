import type { AuditEntry, DeadLetterId, DeadLetterState } from "./redrive.ts";

/** The audit of a topic's dead letters. */
export function auditTopic(deadLetterTopic: string): string {
  return `${deadLetterTopic}.audit`;
}

export function idName({ partition, offset }: DeadLetterId): string {
  return `${partition}:${offset}`;
}

/** An entry as it is written: JSON, offsets as text because they may exceed 2^53. */
export function encodeAudit(entry: AuditEntry): Buffer {
  const json = JSON.stringify(entry, (_name, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  return Buffer.from(json);
}

/** Null for what is no entry: somebody else may have written to the topic. */
export function decodeAudit(value: Buffer | null): AuditEntry | null {
  try {
    const raw: unknown = JSON.parse(value?.toString() ?? "");
    return isRaw(raw)
      ? { ...raw, id: placed(raw.id), target: raw.target === null ? null : placed(raw.target) }
      : null;
  } catch {
    return null;
  }
}

const AUDIT_KINDS: ReadonlySet<unknown> = new Set<AuditEntry["kind"]>([
  "intent",
  "released",
  "replayed",
  "dropped",
]);

interface RawPlace {
  readonly partition: number;
  readonly offset: string;
}

type RawEntry = Omit<AuditEntry, "id" | "target"> & {
  readonly id: RawPlace;
  readonly target: (RawPlace & { readonly topic: string }) | null;
};

function isRaw(raw: unknown): raw is RawEntry {
  if (typeof raw !== "object" || raw === null) return false;
  const { kind, run, id, target } = raw as Partial<RawEntry>;
  const isKind = AUDIT_KINDS.has(kind);
  return isKind && typeof run === "string" && typeof id?.offset === "string" && target !== undefined;
}

function placed<Place extends RawPlace>(place: Place): Omit<Place, "offset"> & { readonly offset: bigint } {
  return { ...place, offset: BigInt(place.offset) };
}

interface Redriven {
  state: Exclude<DeadLetterState, "dead">;
  /** The intent that counts while it is being replayed. */
  holder: AuditEntry | null;
  /** Intents whose runs ended without saying how: their records may have been sent. */
  readonly uncertain: AuditEntry[];
}

/**
 * What has become of dead letters, from the audit. Its log is the judge between runs side by side: of two
 * intents for one letter the first counts, unless it is older than `takeOverMs` when the second is written.
 * Every reader comes to the same judgement.
 */
export class RedriveLedger {
  readonly #takeOverMs: number;
  readonly #letters = new Map<string, Redriven>();

  constructor(takeOverMs: number) {
    this.#takeOverMs = takeOverMs;
  }

  /** Takes the entries of the audit in their order. */
  add(entry: AuditEntry): void {
    const name = idName(entry.id);
    const letter = this.#letters.get(name);
    if (entry.kind === "intent") {
      if (letter === undefined) this.#letters.set(name, { state: "replaying", holder: entry, uncertain: [] });
      else if (letter.state === "replaying") this.#claim(letter, entry);
    } else if (entry.kind === "released") {
      if (letter?.holder?.run === entry.run) this.#release(name, letter);
    } else if (letter === undefined)
      this.#letters.set(name, { state: entry.kind, holder: null, uncertain: [] });
    else if (letter.state !== "replayed") {
      letter.state = entry.kind;
      letter.holder = null;
    }
  }

  /** The letter is as it was before the claim: where a run before it may have sent it, that is still to be found out. */
  #release(name: string, letter: Redriven): void {
    letter.holder = null;
    if (letter.uncertain.length === 0) this.#letters.delete(name);
  }

  #claim(letter: Redriven, entry: AuditEntry): void {
    const { holder } = letter;
    if (holder !== null && holder.run !== entry.run && entry.atMs - holder.atMs < this.#takeOverMs) return;
    if (holder !== null) letter.uncertain.push(holder);
    letter.holder = entry;
  }

  state(id: DeadLetterId): DeadLetterState {
    return this.#letters.get(idName(id))?.state ?? "dead";
  }

  /** Whether a run may claim the letter now: nobody has, or whoever had is long silent. */
  mayClaim(id: DeadLetterId, nowMs: number): boolean {
    const letter = this.#letters.get(idName(id));
    if (letter === undefined) return true;
    const { state, holder } = letter;
    return state === "replaying" && (holder === null || nowMs - holder.atMs >= this.#takeOverMs);
  }

  /** Whether the letter is this run's to replay. */
  isHeldBy(id: DeadLetterId, run: string): boolean {
    const letter = this.#letters.get(idName(id));
    return letter?.state === "replaying" && letter.holder?.run === run;
  }

  /** Where earlier runs may have sent the letter. */
  uncertain(id: DeadLetterId): readonly AuditEntry[] {
    return this.#letters.get(idName(id))?.uncertain ?? [];
  }
}
