/** `fail`: Candlewick cannot run so; `warn`: it can, but something is to be minded. */
export type CheckStatus = "ok" | "warn" | "fail";

/** What one check of this machine found. */
export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  readonly found: string;
  /** What to do where it is not ok. */
  readonly advice: string | null;
}

export function ok(name: string, found: string): CheckResult {
  return { name, status: "ok", found, advice: null };
}

export function warn(name: string, found: string, advice: string): CheckResult {
  return { name, status: "warn", found, advice };
}

export function fail(name: string, found: string, advice: string): CheckResult {
  return { name, status: "fail", found, advice };
}
