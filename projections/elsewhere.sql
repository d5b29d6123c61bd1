-- The facts that were recorded elsewhere before they came in here, and when: an import's. Who recorded them, and what
-- they say, is in the ledger, where people are sealed.

DROP TABLE IF EXISTS projection.elsewhere;
CREATE TABLE projection.elsewhere (
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    ledger      text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, position)
);

COMMENT ON COLUMN projection.elsewhere.recorded_at IS 'when it was recorded elsewhere first';

CREATE INDEX elsewhere_by_time ON projection.elsewhere (ledger, recorded_at);

ALTER TABLE projection.elsewhere ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.elsewhere FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.elsewhere TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.elsewhere TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.elsewhere TO stepdown_projector;
