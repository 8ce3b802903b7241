/** What ingest needs to take a block back, or to say that it is final, without fetching it again. */
export const slotLedger = `
-- What the slot's block was published with, as ingest writes it and only ingest reads it: kept until the
-- block is final.
ALTER TABLE slots ADD COLUMN settlement text COLLATE "C";
CREATE INDEX slots_revocable ON slots (chain, slot) WHERE settlement IS NOT NULL;
`;
