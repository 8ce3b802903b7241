import type { Clock, Timer } from "../clock.ts";
import type { LogLine } from "../options.ts";

/** System errors that concern the whole disk and come with every access to it until they are over. */
const DISK_ERRORS = ["ENOSPC", "EDQUOT", "EROFS", "EIO"] as const;

/** A disk that has not failed for so long is believed to be well again. */
const QUIET_MS = 10_000;

interface Incident {
  suppressed: number;
  readonly quiet: Timer;
}

/**
 * A log in which a disk that is full, or broken, is told of once, and again when it is over: not with each of the
 * thousands of writes that fail in between. All other lines pass.
 */
export class IncidentLog {
  readonly #write: (line: LogLine) => void;
  readonly #clock: Clock;
  readonly #incidents = new Map<string, Incident>();

  constructor(write: (line: LogLine) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  readonly log = (line: LogLine): void => {
    const code = line.level === "error" ? diskErrorIn(line) : undefined;
    const open = code === undefined ? undefined : this.#incidents.get(code);
    if (open !== undefined) {
      open.suppressed++;
      open.quiet.restart();
      return;
    }
    this.#write(line);
    if (code !== undefined) this.#open(code);
  };

  #open(code: string): void {
    const quiet = this.#clock.setTimer(QUIET_MS, () => {
      const suppressed = this.#incidents.get(code)?.suppressed ?? 0;
      this.#incidents.delete(code);
      this.#write({ level: "info", msg: "the disk has not failed for a while", code, suppressed });
    });
    this.#incidents.set(code, { suppressed: 0, quiet });
  }

  /** Forgets what is open: nobody waits for its end any more. */
  close(): void {
    for (const { quiet } of this.#incidents.values()) quiet.cancel();
    this.#incidents.clear();
  }
}

function diskErrorIn({ reason, error }: LogLine): string | undefined {
  const text = `${String(reason)} ${String(error)}`;
  return DISK_ERRORS.find((code) => text.includes(code));
}
