-- The audit log: what was changed, decided, refused, sent and configured, by whom and for whom. Rows are only ever added; they
-- point to nothing by a foreign key, since they outlive what they tell of, and since a row that is gone is for `verify` to say.
CREATE TABLE audit (
    id UUID PRIMARY KEY NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('person', 'clock', 'service', 'operator')),
    actor_name TEXT NOT NULL,
    person_id UUID,
    platform TEXT,
    workspace TEXT,
    user_id TEXT,
    place TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    on_behalf_id UUID,
    on_behalf_name TEXT,
    result TEXT NOT NULL CHECK (result IN ('done', 'refused', 'failed')),
    run_id UUID,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_age ON audit (noted_at, id);
CREATE INDEX audit_by_action ON audit (action, noted_at, id);
CREATE INDEX audit_by_run ON audit (run_id) WHERE run_id IS NOT NULL;

-- The rows that wait to be sealed, so that finding them does not grow with the log.
CREATE TABLE audit_unsealed (
    row_id UUID PRIMARY KEY NOT NULL
);
-- Every row passes through it; see 0006.
ALTER TABLE audit_unsealed SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- The chain: each position holds one row, and the hash of that row and of the hash before it.
CREATE TABLE audit_sealed (
    position BIGINT PRIMARY KEY NOT NULL,
    row_id UUID NOT NULL UNIQUE,
    batch BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_sealed_by_batch ON audit_sealed (batch);

-- What was sealed at once; `hash` is that of its last position. Batch 0 is empty: the chain begins with its hash, and whoever
-- makes the chain longer holds its row.
CREATE TABLE audit_seals (
    batch BIGINT PRIMARY KEY NOT NULL,
    first_position BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    sealed_at TIMESTAMPTZ NOT NULL
);
INSERT INTO audit_seals (batch, first_position, last_position, hash, sealed_at)
    VALUES (0, 1, 0, decode(repeat('00', 32), 'hex'), '1970-01-01T00:00:00+00:00');

-- No writer can forget it.
CREATE FUNCTION audit_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (row_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_waits AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_waits();

-- Nothing is changed or removed.
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_sealed_no_change BEFORE UPDATE OR DELETE ON audit_sealed
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_sealed_no_truncate BEFORE TRUNCATE ON audit_sealed
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_seals_no_change BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();

CREATE FUNCTION audit_waits_until_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_sealed WHERE row_id = OLD.row_id) THEN
        RAISE EXCEPTION 'the audit log only grows';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_unsealed_no_update BEFORE UPDATE ON audit_unsealed
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_unsealed_no_delete BEFORE DELETE ON audit_unsealed
    FOR EACH ROW EXECUTE FUNCTION audit_waits_until_sealed();
CREATE TRIGGER audit_unsealed_no_truncate BEFORE TRUNCATE ON audit_unsealed
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
