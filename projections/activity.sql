-- One row a fact: who recorded it. What it says, when and about whom is in the ledger, where people are sealed.

DROP TABLE IF EXISTS projection.activity;
CREATE TABLE projection.activity (
    position bigint NOT NULL,
    person   text COLLATE "C" NOT NULL,
    ledger   text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, person, position)
);

COMMENT ON COLUMN projection.activity.person IS 'id of who recorded it: staff/<staff_id>, operator/<account> or system';

ALTER TABLE projection.activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.activity FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.activity TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.activity TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.activity TO stepdown_projector;
