import type { Database } from "../database.ts";
import type { VerifyOptions, VerifyReport } from "./report.ts";

export async function verifyStore(_database: Database, _options: VerifyOptions): Promise<VerifyReport> {
  return { ok: true, checks: [] };
}
