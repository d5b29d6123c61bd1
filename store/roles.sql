-- The three roles that the application takes on, by SET LOCAL ROLE. Roles belong to the cluster, not to a database:
-- two migrations of two databases may come here at once.
DO $$
DECLARE
    wanted name;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['stepdown_writer', 'stepdown_projector', 'stepdown_reader']::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
END;
$$;
