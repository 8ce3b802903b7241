export type { SaslMechanism, SaslOptions } from "./auth/authentication.ts";
export type { AuthorizerOptions } from "./auth/authorizer.ts";
export {
  type BearerOptions,
  type TokenClaims,
  TokenRefused,
  type TokenValidator,
} from "./auth/bearer-options.ts";
export { type Broker, startBroker } from "./broker.ts";
export { BrokerError, type BrokerErrorCode } from "./broker-error.ts";
export type { Clock, Timer } from "./clock.ts";
export { parseServerProperties, type ServerProperties } from "./configuration/server-properties.ts";
export type { GroupMigration } from "./groups/group-settings.ts";
export { ManualClock } from "./manual-clock.ts";
export type { ListenerOptions, SecurityProtocol } from "./network/listener-options.ts";
export type {
  BrokerOptions,
  FsyncPolicy,
  InterceptedRequest,
  Interception,
  LogLine,
  TlsOptions,
} from "./options.ts";
export type { Disk } from "./storage/disk.ts";
export { MemoryDisk } from "./storage/memory-disk.ts";
