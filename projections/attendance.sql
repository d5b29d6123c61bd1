-- The live record of each patient in each session. A correction takes the place of what it corrects.

DROP TABLE IF EXISTS projection.attendance;
CREATE TABLE projection.attendance (
    version        bigint NOT NULL,
    patient_id     uuid NOT NULL,
    session_id     uuid NOT NULL,
    episode_id     uuid NOT NULL,
    arrived_at     timestamptz,
    left_at        timestamptz,
    recorded_at    timestamptz NOT NULL,
    family_members integer NOT NULL,
    corrected      boolean NOT NULL,
    outcome        text COLLATE "C" NOT NULL,
    ledger         text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, patient_id, session_id)
);

COMMENT ON COLUMN projection.attendance.recorded_at IS 'of the record that stands: of the correction, where there was one';

CREATE INDEX attendance_of_a_session ON projection.attendance (ledger, session_id);

ALTER TABLE projection.attendance ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.attendance FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.attendance TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.attendance TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.attendance TO stepdown_projector;
