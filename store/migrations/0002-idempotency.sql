-- What the last fact of a command says, its row doesn't say again: 64 bytes a command less, where most are of one fact.
ALTER TABLE idempotency ALTER COLUMN stream DROP NOT NULL;
ALTER TABLE idempotency ALTER COLUMN version DROP NOT NULL;
ALTER TABLE idempotency ALTER COLUMN latest DROP NOT NULL;
ALTER TABLE idempotency DROP COLUMN IF EXISTS recorded_at;

COMMENT ON COLUMN idempotency.stream IS 'null where it is that of the fact at position; so are version and latest';
