/** Fields of a log line; a line about a record carries topic, partition, offset and key. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where services write what happens. `warn`: something went wrong and nothing was lost. `error`: data were
 * lost, or a person is needed.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

/** Writes nothing: for tests and for libraries whose caller wants silence. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
