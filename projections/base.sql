-- What the follower keeps about itself. Everything in this schema is made from the ledgers and may be dropped: it is
-- made again from the facts. Whenever this file changes, all of it is.

DROP SCHEMA IF EXISTS projection CASCADE;
CREATE SCHEMA projection;
GRANT USAGE ON SCHEMA projection TO stepdown_projector, stepdown_reader;

-- From which table and fold the rows were made. Another definition than the program's own: they are not its rows.
CREATE TABLE projection.definition (
    projection text COLLATE "C" NOT NULL PRIMARY KEY,
    sha256     text COLLATE "C" NOT NULL
);

GRANT SELECT ON projection.definition TO stepdown_projector, stepdown_reader;

-- How far each projection has come; written in one transaction with its rows.
CREATE TABLE projection.position (
    ledger      text COLLATE "C" NOT NULL,
    projection  text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (ledger, projection)
) WITH (fillfactor = 10);

COMMENT ON COLUMN projection.position.recorded_at IS 'of the fact at that position: what the rows know, they knew then';

ALTER TABLE projection.position ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.position FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.position TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.position TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE ON projection.position TO stepdown_projector;

-- Facts that a projection could not digest: which, and why. The reason repeats nothing of the fact.
CREATE TABLE projection.set_aside (
    ledger     text COLLATE "C" NOT NULL,
    projection text COLLATE "C" NOT NULL,
    position   bigint NOT NULL,
    stream     text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    type       text COLLATE "C" NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (ledger, projection, position)
);

ALTER TABLE projection.set_aside ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.set_aside FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.set_aside TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.set_aside TO stepdown_reader;
GRANT SELECT, INSERT, DELETE ON projection.set_aside TO stepdown_projector;

-- What is folded anew, to be compared or to take something up again, is put beside: into temporary tables. Where
-- everybody may make them this is granted already.
DO $$
BEGIN
    IF NOT has_database_privilege('stepdown_projector', current_database(), 'TEMPORARY') THEN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO stepdown_projector', current_database());
    END IF;
END;
$$;
