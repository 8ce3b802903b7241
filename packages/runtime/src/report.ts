import { CandlewickError, ERRORS, EXIT } from "./errors.ts";
import { redactText } from "./redaction.ts";
import { withSourcePositions } from "./source-positions.ts";

/** What a process says when it ends with an error, and its exit code. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * An error as a person should see it: one sentence and what to do. Only an error that nobody foresaw has
 * a stack, and asks to be reported.
 */
export function describeError(error: unknown): ErrorReport {
  const known = error instanceof CandlewickError ? error : ofSystemError(error);
  if (known !== null && known.fault !== "bug") {
    const text = `candlewick: ${sentence(known.message)}${sentence(upperFirst(known.advice))}`;
    return { text: redactText(text.trimEnd()), exitCode: known.exitCode };
  }
  const stack =
    error instanceof Error ? withSourcePositions(error.stack ?? error.message) : `Error: ${String(error)}`;
  const text = `candlewick: this is a bug in Candlewick.\n${stack}\nPlease report it with these lines and what you did before.`;
  return { text: redactText(text), exitCode: EXIT.bug };
}

/** Prints an error to standard error and returns the exit code. */
export function reportError(error: unknown, write = (text: string) => process.stderr.write(text)): number {
  const { text, exitCode } = describeError(error);
  write(`${text}\n`);
  return exitCode;
}

/** The operating system's errors that a person can mend; null for all others. */
export function ofSystemError(error: unknown): CandlewickError | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  const path = "path" in error && typeof error.path === "string" ? error.path : "a file";
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new CandlewickError(
        ERRORS.diskFull,
        `no space is left for ${path}`,
        "Free some disk space and start again",
        {
          cause: error,
        },
      );
    case "EACCES":
    case "EPERM":
      return new CandlewickError(
        ERRORS.dataDirUnusable,
        `permission is denied for ${path}`,
        "Check who owns it, or name another with --data",
        { cause: error },
      );
    case "EROFS":
      return new CandlewickError(
        ERRORS.dataDirUnusable,
        `${path} is on a read-only file system`,
        "Name another folder with --data",
        { cause: error },
      );
    case "EADDRINUSE": {
      const port = "port" in error ? ` ${String(error.port)}` : "";
      return new CandlewickError(
        ERRORS.portInUse,
        `port${port} is in use`,
        "Stop what uses it, or choose another port",
        {
          cause: error,
        },
      );
    }
    default:
      return null;
  }
}

/** Closes a sentence and what follows goes after a space; a list has its own lines. */
function sentence(text: string): string {
  if (text === "" || text.endsWith("\n")) return text;
  return /[.!?]$/.test(text) ? `${text} ` : `${text}. `;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
