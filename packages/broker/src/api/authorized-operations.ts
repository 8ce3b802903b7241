/**
 * What a client may do, as sets of bits by Kafka's operation codes. Whoever is let in may do everything, so these
 * are all operations that there are for each kind of thing.
 */
function operations(...codes: readonly number[]): number {
  return codes.reduce((bits, code) => bits | (1 << code), 0);
}

const READ = 3;
const WRITE = 4;
const CREATE = 5;
const DELETE = 6;
const ALTER = 7;
const DESCRIBE = 8;
const CLUSTER_ACTION = 9;
const DESCRIBE_CONFIGS = 10;
const ALTER_CONFIGS = 11;
const IDEMPOTENT_WRITE = 12;

export const TOPIC_OPERATIONS: number = operations(
  READ,
  WRITE,
  CREATE,
  DELETE,
  ALTER,
  DESCRIBE,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
);
export const GROUP_OPERATIONS: number = operations(READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);
export const CLUSTER_OPERATIONS: number = operations(
  CREATE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
);
/** Stands for "not asked for". */
export const NO_OPERATIONS = -0x8000_0000;
