-- The rows of issued reports, as they were issued: each under the hash that its fact says, sealed under a key of its own.
CREATE TABLE IF NOT EXISTS kept_rows (
    ledger text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    sha256 bytea NOT NULL,
    body   bytea NOT NULL,
    PRIMARY KEY (ledger, sha256, stream)
);

COMMENT ON COLUMN kept_rows.sha256 IS 'of the rows in their canonical form, as the report issued says it';
COMMENT ON COLUMN kept_rows.body IS 'those rows, packed, and encrypted under the key of the report';

-- Ciphertext doesn't compress: don't try.
ALTER TABLE kept_rows ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE OR REPLACE TRIGGER kept_rows_are_never_changed
    BEFORE UPDATE OR DELETE OR TRUNCATE ON kept_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON kept_rows TO stepdown_writer;
GRANT SELECT ON kept_rows TO stepdown_reader;
