import { BrokerError, type LogLine } from "@candlewick/broker";
import { CandlewickError, ERRORS, type ErrorKind, type Logger } from "@candlewick/runtime/process";

const KINDS: Readonly<Record<BrokerError["code"], { kind: ErrorKind; advice: string }>> = {
  DATA_DIR_LOCKED: {
    kind: ERRORS.dataDirLocked,
    advice: "Stop the other broker, or name another folder with --data",
  },
  DATA_DIR_UNWRITABLE: {
    kind: ERRORS.dataDirUnusable,
    advice: "Check who owns it, or name another with --data",
  },
  DATA_DIR_FOREIGN: { kind: ERRORS.dataDirUnusable, advice: "Name an empty folder with --data" },
  DATA_DIR_CORRUPT: {
    kind: ERRORS.dataDirUnusable,
    advice: "Restore it from a copy, or name another with --data",
  },
  DISK_FULL: { kind: ERRORS.diskFull, advice: "Free some disk space and start again" },
  PORT_IN_USE: { kind: ERRORS.portInUse, advice: "Stop what uses it, or choose another port" },
  ADDRESS_UNAVAILABLE: { kind: ERRORS.usage, advice: "Choose an address of this machine" },
  OPTION_INVALID: { kind: ERRORS.usage, advice: 'See "candlewick broker --help"' },
};

/** The broker's own error as one of the catalogue; anything else as it is. */
export function brokerFailure(error: unknown): unknown {
  if (!(error instanceof BrokerError)) return error;
  const { kind, advice } = KINDS[error.code];
  return new CandlewickError(kind, whatHappened(error.message), advice, { cause: error });
}

/** The broker's sentence says what to do after a semicolon, in terms of its own options; ours are flags. */
function whatHappened(message: string): string {
  const at = message.lastIndexOf("; ");
  const what = at < 0 ? message : message.slice(0, at);
  return what.charAt(0).toLowerCase() + what.slice(1);
}

/** Writes the broker's lines to our log, which tells that they are the broker's. */
export function brokerLog(logger: Logger): (line: LogLine) => void {
  return ({ level, msg, ...fields }) => logger[level](msg, fields);
}
