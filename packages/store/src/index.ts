export type { ConnectionOptions } from "./connection.ts";
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "./embedded/server.ts";
export { type OpenStoreOptions, openStore } from "./open-store.ts";
export * from "./store.ts";
export type { VerifyCheck, VerifyCheckName, VerifyOptions, VerifyReport } from "./verify/report.ts";
