export { type BackfillDeps, type BackfillProgress, startBackfill } from "./backfill.ts";
export { type IngestConfig, ingestSchema } from "./ingest-config.ts";
export { type IngestDeps, startIngest } from "./main.ts";
