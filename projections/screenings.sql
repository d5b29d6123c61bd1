-- One row an order of a drug screening: ids, and when what became of it. What was found is in the chart, under its key.

DROP TABLE IF EXISTS projection.screenings;
CREATE TABLE projection.screenings (
    patient_id   uuid NOT NULL,
    screening_id uuid NOT NULL,
    episode_id   uuid NOT NULL,
    ordered_at   timestamptz NOT NULL,
    refused_at   timestamptz,
    missed_at    timestamptz,
    collected_at timestamptz,
    reported_at  timestamptz,
    reviewed_on  date,
    discussed_on date,
    ledger       text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, patient_id, screening_id)
);

COMMENT ON COLUMN projection.screenings.refused_at IS 'of the refusal recorded last; missed_at of the missed collection recorded last';
COMMENT ON COLUMN projection.screenings.reported_at IS 'the latest of its presumptive and definitive reports; null while there is none';
COMMENT ON COLUMN projection.screenings.reviewed_on IS 'the latest review; discussed_on the latest talk';

CREATE INDEX screenings_by_day ON projection.screenings (ledger, coalesce(collected_at, missed_at, refused_at, ordered_at));

ALTER TABLE projection.screenings ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.screenings FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.screenings TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.screenings TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.screenings TO stepdown_projector;
