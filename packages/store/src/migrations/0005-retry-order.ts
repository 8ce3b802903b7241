/** The order in which unsettled slots are tried, for a ledger in which a backfill asked for millions. */
export const retryOrder = `
-- The words are those that the backfill of ingest enters its slots with: with others the order is sorted, not read.
CREATE INDEX slots_to_retry ON slots
  (chain, (block_id IS NULL), (reason IS NOT DISTINCT FROM 'asked for by backfill'), slot)
  WHERE status < 'skipped';
`;
