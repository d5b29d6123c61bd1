-- One row a session, as its facts add up: planned, perhaps moved or cancelled, held from one instant to another.

DROP TABLE IF EXISTS projection.sessions;
CREATE TABLE projection.sessions (
    version           bigint NOT NULL,
    scheduled_version bigint NOT NULL,
    cancelled_version bigint,
    held_version      bigint,
    session_id        uuid NOT NULL,
    cohort_id         uuid,
    starts_at         timestamptz,
    ends_at           timestamptz,
    started_at        timestamptz,
    ended_at          timestamptz,
    kind              text COLLATE "C" NOT NULL,
    modality          text COLLATE "C" NOT NULL,
    topic             text,
    room              text,
    cancelled         text COLLATE "C",
    staff             jsonb,
    stays             jsonb,
    plans             jsonb,
    ledger            text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, session_id)
);

COMMENT ON COLUMN projection.sessions.starts_at IS 'as last rescheduled; null when the scheduling was struck';
COMMENT ON COLUMN projection.sessions.cancelled IS 'the cause; null unless cancelled';
COMMENT ON COLUMN projection.sessions.staff IS 'who was in the room from when to when; null unless held';
COMMENT ON COLUMN projection.sessions.stays IS 'staff noted as coming and going; null where nobody was';
COMMENT ON COLUMN projection.sessions.plans IS 'the starts that it ever had, each with the version that says so; null where there was one alone';

CREATE INDEX sessions_by_time ON projection.sessions (ledger, starts_at);
CREATE INDEX sessions_moved ON projection.sessions (ledger) WHERE plans IS NOT NULL;
CREATE INDEX sessions_of_a_cohort ON projection.sessions (ledger, cohort_id, starts_at);

ALTER TABLE projection.sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.sessions FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.sessions TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.sessions TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.sessions TO stepdown_projector;
