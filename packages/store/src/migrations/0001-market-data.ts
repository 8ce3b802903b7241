/**
 * Trades, candles, blocks, offsets, ledger. Text is compared bytewise: addresses have no language, and the
 * order of keys must be the same on every server.
 */
export const marketData = `
-- Rank of what is known of a block, lowest first. GREATEST over the records of a block, in whatever order
-- they come, is its status: see checkpoint/blocks.ts for why orphaned lies between confirmed and finalized.
CREATE TYPE block_status AS ENUM ('seen', 'processed', 'confirmed', 'orphaned', 'finalized');
CREATE TYPE slot_status AS ENUM ('missing', 'failed', 'skipped', 'processed');

CREATE TABLE consumer_offsets (
  consumer_group text COLLATE "C" NOT NULL,
  topic text COLLATE "C" NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL CHECK (next_offset >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition)
);

-- What became of the records, counted in the transaction that did it. Each counter belongs to a partition
-- whose offset the same transaction moves, so that writers of different partitions never wait for it.
CREATE TABLE accounting (
  consumer_group text COLLATE "C" NOT NULL,
  topic text COLLATE "C" NOT NULL,
  partition integer NOT NULL,
  kind text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition, kind)
);

CREATE TABLE candle_intervals (
  chain text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  ms bigint NOT NULL CHECK (ms > 0),
  PRIMARY KEY (chain, name)
);

CREATE TABLE blocks (
  chain text COLLATE "C" NOT NULL,
  block_id text COLLATE "C" NOT NULL,
  slot bigint NOT NULL,
  status block_status NOT NULL,
  block_time bigint,
  parent_slot bigint,
  parent_id text COLLATE "C",
  height bigint,
  -- As announced by the block's record; null while only trades of the block are known.
  trade_count bigint,
  native_usd numeric,
  native_usd_slot bigint,
  PRIMARY KEY (chain, block_id)
);
CREATE INDEX blocks_by_slot ON blocks (chain, slot DESC);
CREATE INDEX blocks_orphaned ON blocks (chain, block_id) WHERE status = 'orphaned';

CREATE TABLE slots (
  chain text COLLATE "C" NOT NULL,
  slot bigint NOT NULL,
  status slot_status NOT NULL,
  attempts integer NOT NULL,
  reason text,
  block_id text COLLATE "C",
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain, slot)
);
CREATE INDEX slots_unsettled ON slots (chain, slot) WHERE status < 'skipped';

CREATE TABLE ingest_cursors (
  name text COLLATE "C" PRIMARY KEY,
  slot bigint NOT NULL,
  block_id text COLLATE "C",
  block_time bigint,
  price_nano_usd numeric,
  price_slot bigint,
  price_time bigint,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- The facts are those of the pair's first stored trade, by order key.
CREATE TABLE pairs (
  chain text COLLATE "C" NOT NULL,
  pair text COLLATE "C" NOT NULL,
  venue text COLLATE "C" NOT NULL,
  program text COLLATE "C" NOT NULL,
  base_mint text COLLATE "C" NOT NULL,
  base_decimals smallint NOT NULL,
  token_mint text COLLATE "C" NOT NULL,
  token_decimals smallint NOT NULL,
  first_slot bigint NOT NULL,
  first_key bytea NOT NULL,
  PRIMARY KEY (chain, pair)
);
CREATE INDEX pairs_by_base ON pairs (base_mint);
CREATE INDEX pairs_by_token ON pairs (token_mint);

-- block_time (unix seconds) is a function of the block, so that the key names a trade as without it; a
-- partitioned table wants it there.
CREATE TABLE trades (
  chain text COLLATE "C" NOT NULL,
  block_id text COLLATE "C" NOT NULL,
  tx text COLLATE "C" NOT NULL,
  outer_index integer NOT NULL,
  inner_index integer NOT NULL,
  hop integer NOT NULL,
  block_time bigint NOT NULL,
  slot bigint NOT NULL,
  tx_index integer NOT NULL,
  order_key bytea NOT NULL,
  pair text COLLATE "C" NOT NULL,
  side text COLLATE "C" NOT NULL,
  base_decimals smallint NOT NULL,
  token_decimals smallint NOT NULL,
  base_amount numeric(78, 0) NOT NULL,
  token_amount numeric(78, 0) NOT NULL,
  pool_base_amount numeric(78, 0) NOT NULL,
  pool_token_amount numeric(78, 0) NOT NULL,
  base_reserve numeric(78, 0),
  token_reserve numeric(78, 0),
  base_usd numeric,
  price_base double precision,
  price_usd double precision,
  maker text COLLATE "C" NOT NULL,
  recipient text COLLATE "C",
  route_id text COLLATE "C",
  PRIMARY KEY (chain, block_id, tx, outer_index, inner_index, hop, block_time)
) PARTITION BY RANGE (block_time);
-- For reading a pair newest first, and for the trades of one bucket.
CREATE INDEX trades_by_pair ON trades (chain, pair, block_time, order_key);

-- Sums are exact; an open and a close are kept with the order keys of their trades, so that merging two
-- rows gives the same in either order. A bucket whose trades were all taken out again stays, with trades 0:
-- its revision goes on.
CREATE TABLE candles (
  chain text COLLATE "C" NOT NULL,
  pair text COLLATE "C" NOT NULL,
  interval text COLLATE "C" NOT NULL,
  open_ms bigint NOT NULL,
  base_open_key bytea,
  base_open double precision,
  base_high double precision,
  base_low double precision,
  base_close_key bytea,
  base_close double precision,
  usd_open_key bytea,
  usd_open double precision,
  usd_high double precision,
  usd_low double precision,
  usd_close_key bytea,
  usd_close double precision,
  token_volume numeric NOT NULL,
  base_volume numeric NOT NULL,
  usd_volume numeric NOT NULL,
  trades bigint NOT NULL,
  buy_token_volume numeric NOT NULL,
  buy_base_volume numeric NOT NULL,
  buys bigint NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (chain, pair, interval, open_ms)
) WITH (fillfactor = 60);
-- What happened lately, over all pairs, without a look at each.
CREATE INDEX candles_hourly ON candles (chain, open_ms) WHERE interval = '1h';

-- Opening time of the bucket that holds a time; 1970-01-05 was the first Monday, on which weeks start.
CREATE FUNCTION bucket_open_ms(time_ms bigint, interval_ms bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT time_ms - (((time_ms - origin) % interval_ms) + interval_ms) % interval_ms
  FROM (SELECT CASE WHEN interval_ms % 604800000 = 0 THEN 345600000 ELSE 0 END::bigint AS origin) AS o
$$;
`;
