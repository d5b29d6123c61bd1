-- A chart ends when its key is destroyed: the row stays and says so, the key in it is gone.
ALTER TABLE chart_key ALTER COLUMN wrapped DROP NOT NULL;

COMMENT ON COLUMN chart_key.wrapped IS 'wrapped by the master key; null once it was destroyed';

-- Every read and every append asks whether a chart was destroyed: here are those that were, and nobody else.
CREATE INDEX IF NOT EXISTS chart_key_destroyed ON chart_key (ledger, stream) WHERE wrapped IS NULL;

-- What a row held before is cleared away within a minute or so, not after so many others.
ALTER TABLE chart_key SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- The writer may empty a key, and nobody may do anything else to one: not give another, nor bring one back, nor forget
-- that there was one.
CREATE OR REPLACE FUNCTION refuse_another_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.wrapped IS NULL AND (NEW.ledger, NEW.stream) = (OLD.ledger, OLD.stream) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a key is destroyed or kept: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE OR REPLACE TRIGGER keys_are_destroyed_or_kept
    BEFORE UPDATE OR DELETE ON chart_key
    FOR EACH ROW EXECUTE FUNCTION refuse_another_key();

CREATE OR REPLACE TRIGGER keys_are_never_cleared
    BEFORE TRUNCATE ON chart_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_another_key();

GRANT UPDATE (wrapped) ON chart_key TO stepdown_writer;
