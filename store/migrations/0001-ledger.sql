-- The ledgers: facts and what is written in one transaction with them.
--
-- Every key leads with the ledger, so that the tables can be distributed by it. Names sort by bytes (COLLATE "C"),
-- alike on every system and in every version of its libraries. Every statement can be run twice: a migration that
-- was cut off between doing and noting that it was done is done again.

-- One row a ledger. Its lock puts the commits of a ledger in order. The row is updated with every append:
-- a nearly empty page keeps its versions together.
CREATE TABLE IF NOT EXISTS ledger (
    ledger      text COLLATE "C" NOT NULL PRIMARY KEY,
    position    bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz,
    lookup_key  bytea NOT NULL
) WITH (fillfactor = 10);

COMMENT ON COLUMN ledger.position IS 'of the last fact; positions count from 1 without holes';
COMMENT ON COLUMN ledger.lookup_key IS 'wrapped by the master key; for keyed hashes of claims and idempotency keys';

-- Columns of fixed width first: no padding between them.
CREATE TABLE IF NOT EXISTS fact (
    position    bigint NOT NULL,
    version     bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    ledger      text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (ledger, position),
    UNIQUE (ledger, stream, version)
);

COMMENT ON COLUMN fact.body IS 'envelope and fact as JSON; of a chart, encrypted under its key';

-- Ciphertext doesn't compress: don't try.
ALTER TABLE fact ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS chart_key (
    ledger  text COLLATE "C" NOT NULL,
    stream  text COLLATE "C" NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (ledger, stream)
);

-- What a command was answered, by keyed hash of who sent it under which key.
CREATE TABLE IF NOT EXISTS idempotency (
    position    bigint NOT NULL,
    version     bigint NOT NULL,
    latest      bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    ledger      text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    key         bytea NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (ledger, key)
);

-- What no stream guards: an MRN, a seat, the chart that an id belongs to. By keyed hash.
CREATE TABLE IF NOT EXISTS claim (
    ledger text COLLATE "C" NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    key    bytea NOT NULL,
    stream text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, kind, key)
);

-- Grants come first; the trigger is against accidents of those who have them, the owner among them. By statement, so
-- that it refuses also what would have met no row.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are never changed: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE OR REPLACE TRIGGER facts_are_never_changed
    BEFORE UPDATE OR DELETE OR TRUNCATE ON fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE (position, recorded_at) ON ledger TO stepdown_writer;
GRANT SELECT, INSERT ON fact, chart_key, idempotency TO stepdown_writer;
GRANT SELECT, INSERT, DELETE ON claim TO stepdown_writer;

GRANT SELECT ON ledger, fact, chart_key TO stepdown_projector;

GRANT SELECT ON ledger, fact, chart_key, claim TO stepdown_reader;
GRANT SELECT ON _yoyo_migration TO stepdown_reader;
