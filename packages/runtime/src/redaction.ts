import { fold } from "./suggestion.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Names of fields whose value is a secret. A `token` alone is one; `tokenVolume` or `token_addr` is not. */
const SECRET_NAME =
  /password|passwd|passphrase|secret|credential|apikey|privatekey|authorization|^cookie$|^(auth|access|refresh|bearer|api|x)?token$|^sasl(?!mechanism)/;

/** Whether a field of that name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(fold(name));
}

const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'?#]*@/gi;
const URL_SECRET_PARAMETER = /([?&][a-z_-]*(?:key|token|password|secret|auth)=)[^&\s"'#]+/gi;
/** Providers of chain nodes put their keys into the path: a long segment of letters and digits. */
const URL_SECRET_SEGMENT =
  /(\bhttps?:\/\/[^\s/"']+(?:\/[^\s/"'?]*)*?\/|\bwss?:\/\/[^\s/"']+(?:\/[^\s/"'?]*)*?\/)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{24,}(?=[/?\s"']|$)/gi;

/** A text without the credentials that URLs in it carry. */
export function redactText(text: string): string {
  if (!text.includes("://")) return text;
  return text
    .replace(URL_CREDENTIALS, `$1${REDACTED}@`)
    .replace(URL_SECRET_PARAMETER, `$1${REDACTED}`)
    .replace(URL_SECRET_SEGMENT, `$1${REDACTED}`);
}

const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/**
 * A copy for people and logs: secrets by name and credentials in URLs are replaced, errors, maps, big
 * integers and bytes get a form that JSON can hold; depth and length are bounded.
 */
export function redact(value: unknown, maxItems = MAX_ITEMS): unknown {
  return copy(value, maxItems, 0);
}

function copy(value: unknown, maxItems: number, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[too deep]";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, maxItems, depth);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value];
    const copied = items.slice(0, maxItems).map((item) => copy(item, maxItems, depth + 1));
    return items.length > maxItems ? [...copied, `[${items.length - maxItems} more]`] : copied;
  }
  const entries = value instanceof Map ? value : Object.entries(value);
  return Object.fromEntries(
    Array.from(entries, ([name, item]) => [
      String(name),
      isSecretName(String(name)) ? hide(item) : copy(item, maxItems, depth + 1),
    ]),
  );
}

/** Shows whether a secret is set, and which fields a group of secrets has, but no value. */
function hide(value: unknown): unknown {
  if (value === null || value === undefined || value === "") return value;
  if (typeof value !== "object") return REDACTED;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, fold(name) === "mechanism" ? item : hide(item)]),
  );
}

function copyError(error: Error, maxItems: number, depth: number): unknown {
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  // Where a person is told what to do, a stack says nothing more.
  const stack = "advice" in error ? {} : { stack: redactText(error.stack ?? "") };
  const cause = error.cause === undefined ? {} : { cause: copy(error.cause, maxItems, depth + 1) };
  return { name: error.name, ...code, message: redactText(error.message), ...stack, ...cause };
}
