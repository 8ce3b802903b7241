export { type IngestConfig, ingestSchema } from "./ingest-config.ts";
export { type IngestDeps, startIngest } from "./main.ts";
