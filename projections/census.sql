-- One row an episode: its ids and dates. Which episodes are open depends on the day, so the end is kept, not a state.

DROP TABLE IF EXISTS projection.census;
CREATE TABLE projection.census (
    patient_id       uuid NOT NULL,
    episode_id       uuid NOT NULL,
    first_contact_at timestamptz NOT NULL,
    enrolled_on      date,
    admitted_on      date,
    ended_on         date,
    ledger           text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, patient_id, episode_id)
);

COMMENT ON COLUMN projection.census.ended_on IS 'date of the discharge, or of not being admitted; null while open';

CREATE INDEX census_open ON projection.census (ledger, patient_id) WHERE ended_on IS NULL;

ALTER TABLE projection.census ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.census FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.census TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.census TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.census TO stepdown_projector;
