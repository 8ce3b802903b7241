import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** The SQLSTATE or system code of an error; empty where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Classes of SQLSTATE (PostgreSQL, appendix A) after which the same call can succeed. */
const PASSING = /^(08|40|53|55P03|57P0|58)/;
/** Data exceptions: a number out of range, a character that no text can hold. */
const DATA = /^22/;
const CONFIGURATION = /^(28|3D|42501|25006)/;

/** What PostgreSQL, or the way to it, answered, as an error for a person. */
export function databaseError(error: unknown, where: string): CandlewickError {
  if (error instanceof CandlewickError) return error;
  const code = errorCode(error);
  const reason = reasonOf(error);
  if (code === "53100") {
    return new CandlewickError(
      ERRORS.diskFull,
      `PostgreSQL at ${where} has no space left on its disk`,
      "free some space on the machine of the database; the work goes on by itself then",
      { cause: error },
    );
  }
  if (DATA.test(code)) {
    return new CandlewickError(
      ERRORS.poison,
      `PostgreSQL at ${where} cannot hold a value: ${reason}`,
      "send the record that carries it to the dead-letter topic",
      { cause: error },
    );
  }
  if (CONFIGURATION.test(code)) {
    return new CandlewickError(
      ERRORS.configuration,
      `PostgreSQL at ${where} refuses us: ${reason}`,
      "check user, password, database and rights in DATABASE_URL (--database-url)",
      { cause: error },
    );
  }
  if (PASSING.test(code) || isConnectionLoss(error, code)) {
    return new CandlewickError(
      ERRORS.databaseUnreachable,
      `PostgreSQL at ${where} cannot be reached or is busy: ${reason}`,
      "check that it runs and that DATABASE_URL (--database-url) is right; nothing that was stored is lost",
      { cause: error },
    );
  }
  return new CandlewickError(
    ERRORS.bug,
    `PostgreSQL at ${where} answered with an error that we did not foresee: ${reason}`,
    "report it with the log",
    { cause: error },
  );
}

function isConnectionLoss(error: unknown, code: string): boolean {
  if (/^(E[A-Z]+)$/.test(code)) return true;
  const message = error instanceof Error ? error.message : "";
  return /Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|not queryable/i.test(
    message,
  );
}

function reasonOf(error: unknown): string {
  // Connecting to a name with several addresses fails with all their errors and no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
