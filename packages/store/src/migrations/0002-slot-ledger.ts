/** What ingest needs to take a block back, or to say that it is final, without fetching it again. */
export const slotLedger = `
-- Blocks that were published, or were about to be, and are neither final nor taken back yet. Written before
-- the first message of the block, so that no crash leaves one behind of which nobody knows. The settlement is
-- what the block was published with, in ingest's own words.
CREATE TABLE publications (
  chain text COLLATE "C" NOT NULL,
  slot bigint NOT NULL,
  block_id text COLLATE "C" NOT NULL,
  settlement text COLLATE "C" NOT NULL,
  PRIMARY KEY (chain, slot, block_id)
);
`;
