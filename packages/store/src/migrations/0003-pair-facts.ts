/** What is known of pairs and tokens beside their trades: symbols, names, supplies, creations. */
export const pairFacts = `
-- Symbols and names are claims of whoever made the token, as first seen. The supply is that of the newest
-- trade that told another, by order key. Null is what nobody has told.
ALTER TABLE pairs
  ADD COLUMN base_symbol text COLLATE "C",
  ADD COLUMN token_symbol text COLLATE "C",
  ADD COLUMN token_name text COLLATE "C",
  ADD COLUMN token_supply numeric(78, 0),
  ADD COLUMN supply_key bytea,
  ADD COLUMN created_slot bigint,
  ADD COLUMN created_time bigint;

-- Tokens as ingest has read their accounts on the chain.
CREATE TABLE tokens (
  chain text COLLATE "C" NOT NULL,
  mint text COLLATE "C" NOT NULL,
  decimals smallint NOT NULL,
  name text COLLATE "C",
  symbol text COLLATE "C",
  supply numeric(78, 0),
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain, mint)
);

-- Where pools began to exist, as ingest has seen their creations, whether they ever traded or not.
CREATE TABLE pools (
  chain text COLLATE "C" NOT NULL,
  pool text COLLATE "C" NOT NULL,
  block_id text COLLATE "C" NOT NULL,
  slot bigint NOT NULL,
  block_time bigint,
  venue text COLLATE "C" NOT NULL,
  tx text COLLATE "C" NOT NULL,
  creator text COLLATE "C",
  PRIMARY KEY (chain, pool)
);
`;
