import { CandlewickError, ERRORS, type Service } from "@candlewick/runtime";
import { acquire } from "./acquire.ts";
import { PeerHealth, type Persistence, persist } from "./backoff.ts";
import { BlockAge } from "./block-age.ts";
import { Finality } from "./finality.ts";
import { keptCursorName, LateSlots } from "./late.ts";
import type { PairDirectory } from "./pair-directory.ts";
import type { IngestPorts } from "./ports.ts";
import { PublicationLog } from "./publication-log.ts";
import { type MessageFormat, SettlementPublisher } from "./publish.ts";
import type { Settlement } from "./settlement.ts";
import {
  type BadBlock,
  initialState,
  type StepCommand,
  type StepInput,
  type StepSettings,
  type StepState,
  step,
} from "./step.ts";

export interface RunSettings extends StepSettings {
  /** Under which name the cursor is kept. */
  readonly cursorName: string;
  readonly format: Partial<MessageFormat>;
  /** How failed slots are gone back to: in rounds while running, or once before. */
  readonly late: { readonly when: "rounds" | "once"; readonly everyMs: number; readonly perRound: number };
  /** How often it is looked what has become final, where the source can tell. */
  readonly finalityEveryMs?: number;
}

const FINALITY_EVERY_MS = 2_000;

/**
 * The loop: hands inputs to the step and does what it commands. Every command runs on its own; what
 * comes of it is the next input. The first error that trying again cannot help ends everything.
 */
export class IngestRun implements Service {
  readonly name = "ingest";
  readonly done: Promise<void>;
  readonly #ports: IngestPorts;
  readonly #settings: RunSettings;
  readonly #publisher: SettlementPublisher;
  readonly #ledger: Persistence;
  readonly #late: LateSlots;
  readonly #age: BlockAge;
  /** Null where blocks are past doubt: nothing is ever taken back. */
  readonly #log: PublicationLog | null;
  readonly #finality: Finality | null;
  /** Ends fetching. */
  readonly #intake = new AbortController();
  /** Ends all that is under way. */
  readonly #abort = new AbortController();
  readonly #outcome = Promise.withResolvers<void>();
  readonly #publishStart = new Map<number, number>();
  #state: StepState | null = null;
  #over = false;

  constructor(ports: IngestPorts, settings: RunSettings) {
    this.#ports = ports;
    this.#settings = settings;
    const { clock, random, logger, metrics } = ports;
    const persistence = (peer: "kafka" | "ledger", title: string): Persistence => ({
      clock,
      random,
      health: new PeerHealth(title, clock, logger),
      onRetry: () => metrics.retry(peer),
    });
    this.#ledger = persistence("ledger", "the ledger");
    this.#age = new BlockAge(clock, logger, metrics);
    this.#publisher = new SettlementPublisher(
      ports.publisher,
      settings.format,
      persistence("kafka", "Kafka"),
    );
    const { rules, cursorName, finalityEveryMs: everyMs = FINALITY_EVERY_MS } = settings;
    const oracle = ports.source.oracle ?? null;
    this.#log = oracle === null ? null : new PublicationLog(rules.chain, ports.ledger, this.#ledger);
    const late = { ...settings.late, cursorName };
    this.#late = new LateSlots(ports, late, rules, this.#publisher, this.#log, this.#ledger);
    const wakeLate = () => this.#late.wake();
    this.#finality =
      oracle === null
        ? null
        : new Finality(
            ports,
            oracle,
            { cursorName, everyMs },
            rules,
            this.#publisher,
            this.#ledger,
            wakeLate,
          );
    this.done = this.#outcome.promise.finally(() => this.#close());
    // Whoever waits for `done` sees the error; a caller that never does must not bring the process down twice.
    this.done.catch(() => {});
  }

  /** Reads the cursor and begins. Rejects where the ledger or the source refuses for good. */
  async start(): Promise<void> {
    const { ledger, source, logger } = this.#ports;
    const { cursorName } = this.#settings;
    const signal = this.#intake.signal;
    let cursor = await persist(this.#ledger, signal, () => ledger.cursor(cursorName));
    if (cursor === null) {
      const origin = await source.origin(signal);
      // Saved before the first block, so that a crash in it does not move where a first run starts.
      if (origin !== null) {
        const first = { slot: origin, blockId: null, blockTime: null, solPrice: null };
        await persist(this.#ledger, signal, () => ledger.saveCursor(cursorName, first));
        cursor = first;
      }
    }
    logger.info(cursor === null ? "ingest begins" : `ingest goes on after slot ${cursor.slot}`, {
      source: source.name,
    });
    if (cursor !== null) this.#ports.metrics.progress(cursor.slot, source.head());
    const judged = (source.oracle ?? null) !== null;
    this.#state = initialState(cursor, { ...this.#settings, judged });
    if (this.#settings.late.when === "once") await this.#late.round(signal);
    else this.#track(this.#lateRounds(signal), signal);
    const { directory } = this.#ports;
    if (directory !== undefined) this.#track(this.#lookUp(directory, signal), signal);
    if (this.#finality !== null) this.#track(this.#followFinality(this.#finality, signal), signal);
    this.#dispatch({ kind: "start" });
  }

  /** Takes no further slot and finishes those that are being published; gives them up at the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    const deadline = new AbortController();
    const late = this.#ports.clock.delay(deadlineMs, deadline.signal).then(
      () => this.#giveUp(),
      () => {},
    );
    this.#intake.abort(new Error("ingest is stopping"));
    if (this.#state === null) this.#finish(null);
    else this.#dispatch({ kind: "stop" });
    await this.done.catch(() => {});
    deadline.abort();
    await late;
  }

  async #lateRounds(signal: AbortSignal): Promise<null> {
    await this.#late.run(signal);
    return null;
  }

  async #lookUp(directory: PairDirectory, signal: AbortSignal): Promise<null> {
    await directory.run(signal);
    return null;
  }

  async #followFinality(finality: Finality, signal: AbortSignal): Promise<null> {
    await finality.run(() => this.#state?.cursor?.slot ?? null, signal);
    return null;
  }

  #dispatch(input: StepInput): void {
    if (this.#over || this.#state === null) return;
    const { state, commands } = step(this.#state, input);
    this.#state = state;
    for (const command of commands) {
      const intake = command.kind === "plan" || command.kind === "fetch" || command.kind === "judge";
      this.#track(this.#execute(command), intake ? this.#intake.signal : this.#abort.signal);
    }
  }

  /** Watches over work under way. What fails because it was told to stop tells nothing new. */
  #track(work: Promise<StepInput | null>, stoppedBy: AbortSignal): void {
    const watched = work.then(
      (input) => {
        if (input !== null) this.#dispatch(input);
      },
      (error: unknown) => {
        if (!stoppedBy.aborted) this.#finish(asError(error));
      },
    );
    // A step that refuses its input is a mistake of ours; it must end the service and not go unseen.
    watched.catch((error: unknown) => this.#finish(asError(error)));
  }

  async #execute(command: StepCommand): Promise<StepInput | null> {
    const { source, logger, metrics } = this.#ports;
    const intake = this.#intake.signal;
    switch (command.kind) {
      case "plan": {
        const { slots, ended } = await source.plan(command.after, command.limit, intake);
        return { kind: "planned", slots, ended };
      }
      case "fetch": {
        const { slot, soughtBy } = command;
        if (soughtBy !== null) {
          metrics.missingParent();
          logger.warn("a slot that was taken for skipped is a block's parent; fetching it", {
            slot,
            soughtBy,
          });
        }
        return { kind: "fetched", slot, result: await acquire(this.#ports, slot, intake) };
      }
      case "judge": {
        const { slot, last, next } = command;
        const verdict = (await source.oracle?.judge(last, next, intake)) ?? "both";
        if (last.id !== null) {
          const { id, parentSlot, parentId } = next;
          logger.warn("two blocks do not follow each other", {
            slot,
            id,
            parentSlot,
            parentId,
            last,
            verdict,
          });
        }
        return { kind: "judged", slot, verdict };
      }
      case "settled":
        this.#report(command.settlement);
        return null;
      case "send-trades":
        await this.#noted(command.settlement);
        await this.#publisher.sendTrades(command.settlement, this.#abort.signal);
        return { kind: "trades-acknowledged", slot: command.settlement.slot };
      case "send-records":
        await this.#noted(command.settlement);
        await this.#publisher.sendRecords(command.settlement, this.#abort.signal);
        return { kind: "records-acknowledged", slot: command.settlement.slot };
      case "save":
        await this.#save(command);
        return { kind: "saved" };
      case "end":
        this.#finish(command.bad === null ? null : this.#badBlock(command.bad));
        return null;
      default:
        return command satisfies never;
    }
  }

  async #noted(settlement: Settlement): Promise<void> {
    if (this.#log !== null) await this.#log.note(settlement, this.#abort.signal);
  }

  /** Ledger first, cursor last: a crash in between repeats the slots and forgets none. */
  async #save({
    cursor,
    entries,
    kept,
    reopened,
    settlements,
  }: Extract<StepCommand, { kind: "save" }>): Promise<void> {
    const { ledger, metrics, source, clock, savePools } = this.#ports;
    const { rules, cursorName } = this.#settings;
    const signal = this.#abort.signal;
    const pools = settlements.flatMap((settlement) => settlement.pools);
    if (savePools !== undefined && pools.length > 0)
      await persist(this.#ledger, signal, () => savePools(pools));
    for (const [at, before] of kept) {
      const name = keptCursorName(cursorName, at);
      await persist(this.#ledger, signal, () => ledger.saveCursor(name, before));
    }
    await persist(this.#ledger, signal, () => ledger.recordSlots(rules.chain, entries));
    if (reopened.length > 0)
      await persist(this.#ledger, signal, () => ledger.reopenSlots(rules.chain, reopened));
    await persist(this.#ledger, signal, () => ledger.saveCursor(cursorName, cursor));
    if (reopened.length > 0) this.#late.wake();
    metrics.progress(cursor.slot, source.head());
    if (this.#settings.late.when === "rounds") {
      const newest = settlements.at(-1)?.records.at(-1);
      if (newest !== undefined) this.#age.settled(newest.slot, newest.time, source.head());
    }
    for (const settlement of settlements) {
      for (const record of settlement.records) metrics.block(record.status);
      metrics.trades(settlement.trades.length);
      for (const [reason, count] of settlement.skipped) metrics.skipped(reason, count);
      const start = this.#publishStart.get(settlement.slot);
      if (start !== undefined) metrics.publishSeconds((clock.monotonic() - start) / 1000);
      this.#publishStart.delete(settlement.slot);
    }
  }

  #report(settlement: Settlement): void {
    const { logger, metrics, clock } = this.#ports;
    const { slot, mismatch, entries } = settlement;
    this.#publishStart.set(slot, clock.monotonic());
    if (mismatch !== null) {
      metrics.parentMismatch();
      // Forks are normal where blocks are read before they are voted for: finality decides.
      if (this.#settings.rules.commitment === "processed") logger.debug(mismatch, { slot });
      else logger.error(mismatch, { slot });
    }
    const own = entries.at(-1);
    if (own?.status === "failed" || own?.status === "missing") {
      logger.error("a slot is given up for now; it stays in the ledger and is tried again", { ...own });
    }
  }

  #badBlock({ slot, reason }: BadBlock): CandlewickError {
    return new CandlewickError(
      ERRORS.badInput,
      `${this.#ports.source.place(slot)} is not a block of slot ${slot}: ${reason.replace(/\.$/, "")}.`,
      "Replace or remove it, or set ingest.onBadBlock to skip to record the slot as failed and go on.",
    );
  }

  #giveUp(): void {
    if (this.#over) return;
    this.#ports.logger.warn(
      "ingest stops at its deadline; slots in hand are published again at the next start",
    );
    this.#finish(null);
  }

  #finish(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#intake.abort(new Error("ingest has ended"));
    this.#abort.abort(this.#intake.signal.reason);
    if (error === null) this.#outcome.resolve();
    else this.#outcome.reject(error);
  }

  async #close(): Promise<void> {
    await this.#ports.source.close();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
