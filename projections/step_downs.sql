-- One row a recommended step-down: ids and dates. Which step was the last depends on the day, so it is in the chart.

DROP TABLE IF EXISTS projection.step_downs;
CREATE TABLE projection.step_downs (
    patient_id     uuid NOT NULL,
    step_down_id   uuid NOT NULL,
    episode_id     uuid NOT NULL,
    recommended_on date NOT NULL,
    ended_on       date,
    ledger         text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, patient_id, step_down_id)
);

COMMENT ON COLUMN projection.step_downs.ended_on IS 'when it took effect or was withdrawn; null while it is on its way';

CREATE INDEX step_downs_on_their_way ON projection.step_downs (ledger, patient_id) WHERE ended_on IS NULL;

ALTER TABLE projection.step_downs ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_ledger_asked_for ON projection.step_downs FOR SELECT TO stepdown_reader
    USING (ledger = current_setting('stepdown.ledger', true));
CREATE POLICY of_every_ledger ON projection.step_downs TO stepdown_projector USING (true) WITH CHECK (true);
GRANT SELECT ON projection.step_downs TO stepdown_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.step_downs TO stepdown_projector;
