-- One row a chart: the patient's names as a keyed hash. Found by equality; no name stands here in any form that is read.

DROP TABLE IF EXISTS projection.names;
CREATE TABLE projection.names (
    patient_id uuid NOT NULL,
    ledger     text COLLATE "C" NOT NULL,
    key        bytea NOT NULL,
    PRIMARY KEY (ledger, patient_id)
);

COMMENT ON COLUMN projection.names.key IS '16 bytes, keyed by the ledger''s lookup key';

CREATE INDEX names_key ON projection.names (ledger, key);

ALTER TABLE projection.names ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.names FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.names TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.names TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.names TO stepdown_projector;
