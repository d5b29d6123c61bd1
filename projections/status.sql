-- Each chart as its facts add up, under the chart's own key. Dropped and made anew when this file or the fold changes.

DROP TABLE IF EXISTS projection.status;
CREATE TABLE projection.status (
    version    bigint NOT NULL,
    patient_id uuid NOT NULL,
    since      date,
    until      date,
    merged     uuid,
    cohorts    jsonb,
    ledger     text COLLATE "C" NOT NULL,
    chart      bytea NOT NULL,
    PRIMARY KEY (ledger, patient_id)
) WITH (fillfactor = 80);

COMMENT ON COLUMN projection.status.chart IS 'the folded chart at that version, packed, encrypted under the chart''s key';

COMMENT ON COLUMN projection.status.since IS 'the first date of which a report may tell something of the chart; null where none does';
COMMENT ON COLUMN projection.status.until IS 'the last such date; null where there is none, or no end to it';
COMMENT ON COLUMN projection.status.merged IS 'the chart that this one was merged into; null where it was not';
COMMENT ON COLUMN projection.status.cohorts IS 'those that its episodes were enrolled in or assigned to; null where there is none';

-- Ciphertext doesn't compress: don't try.
ALTER TABLE projection.status ALTER COLUMN chart SET STORAGE EXTERNAL;

CREATE INDEX status_reported ON projection.status (ledger, until, since);

ALTER TABLE projection.status ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.status FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.status TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.status TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.status TO stepdown_projector;
