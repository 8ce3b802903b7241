/** What a record is bound to do when it is handled. */
export type Nature = "good" | "transient" | "unknown" | "poison";

/** A record of the source topic and all that happened to it. */
export interface Life {
  readonly id: number;
  readonly key: string | null;
  readonly partition: number;
  readonly offset: number;
  readonly nature: Nature;
  failuresLeft: number;
  failures: number;
  /** How often it was handed to a handler, in all copies. */
  handedOut: number;
  applied: number;
  dead: number;
  redriven: number;
  /** Where a copy of it was read and moved on from: "topic:partition@offset". */
  readonly movedFrom: Set<string>;
}

/**
 * The simple model: what every record must come to. It knows nothing of lanes, windows or levels; it only
 * sees what handlers do, what is written, and what is committed.
 */
export class Ledger {
  readonly lives: Life[] = [];
  readonly #byKey = new Map<string, Life[]>();

  add(life: Life): void {
    this.lives.push(life);
    if (life.key === null) return;
    const name = `${life.partition}|${life.key}`;
    const siblings = this.#byKey.get(name);
    if (siblings === undefined) this.#byKey.set(name, [life]);
    else siblings.push(life);
  }

  life(id: number): Life {
    const life = this.lives[id];
    if (life === undefined) throw new Error(`no record ${id} was ever produced`);
    return life;
  }

  isSettled(life: Life): boolean {
    return life.applied > 0 || life.dead > 0;
  }

  /** Those of the same key that came before. */
  before(life: Life): Life[] {
    if (life.key === null) return [];
    const siblings = this.#byKey.get(`${life.partition}|${life.key}`) ?? [];
    return siblings.slice(0, siblings.indexOf(life));
  }
}
