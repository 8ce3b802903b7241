/**
 * Whose records are read: "read_committed" leaves out those of transactions that were aborted, and waits at those of
 * transactions that are open; "read_uncommitted" reads all. Kafka's own words (`isolation.level`).
 */
export type Isolation = "read_committed" | "read_uncommitted";

/** The number that stands for it in requests. */
export const ISOLATION_LEVEL: Readonly<Record<Isolation, number>> = {
  read_uncommitted: 0,
  read_committed: 1,
};
