-- The audit log: what was changed, decided, refused, sent and configured, by whom and for whom. Rows are only ever added; they
-- point to nothing by a foreign key, since they outlive what they tell of, and since a row that is gone is for `verify` to say.
CREATE TABLE audit (
    id BLOB PRIMARY KEY NOT NULL,
    noted_at TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('person', 'clock', 'service', 'operator')),
    actor_name TEXT NOT NULL,
    person_id BLOB,
    platform TEXT,
    workspace TEXT,
    user_id TEXT,
    place TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    on_behalf_id BLOB,
    on_behalf_name TEXT,
    result TEXT NOT NULL CHECK (result IN ('done', 'refused', 'failed')),
    run_id BLOB,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_age ON audit (noted_at, id);
CREATE INDEX audit_by_action ON audit (action, noted_at, id);
CREATE INDEX audit_by_run ON audit (run_id) WHERE run_id IS NOT NULL;

-- The rows that wait to be sealed, so that finding them does not grow with the log.
CREATE TABLE audit_unsealed (
    row_id BLOB PRIMARY KEY NOT NULL
) STRICT;

-- The chain: each position holds one row, and the hash of that row and of the hash before it.
CREATE TABLE audit_sealed (
    position INTEGER PRIMARY KEY NOT NULL,
    row_id BLOB NOT NULL UNIQUE,
    batch INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_sealed_by_batch ON audit_sealed (batch);

-- What was sealed at once; `hash` is that of its last position. Batch 0 is empty: the chain begins with its hash, and whoever
-- makes the chain longer holds its row.
CREATE TABLE audit_seals (
    batch INTEGER PRIMARY KEY NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sealed_at TEXT NOT NULL
) STRICT;
INSERT INTO audit_seals (batch, first_position, last_position, hash, sealed_at)
    VALUES (0, 1, 0, zeroblob(32), '1970-01-01T00:00:00+00:00');

-- No writer can forget it.
CREATE TRIGGER audit_waits AFTER INSERT ON audit BEGIN
    INSERT INTO audit_unsealed (row_id) VALUES (new.id);
END;

-- Nothing is changed or removed. `INSERT OR REPLACE` would remove a row without the trigger on DELETE being asked.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id) BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_sealed_no_replace BEFORE INSERT ON audit_sealed
    WHEN EXISTS (SELECT 1 FROM audit_sealed WHERE position = new.position OR row_id = new.row_id) BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_sealed_no_update BEFORE UPDATE ON audit_sealed BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_sealed_no_delete BEFORE DELETE ON audit_sealed BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_seals_no_replace BEFORE INSERT ON audit_seals
    WHEN EXISTS (SELECT 1 FROM audit_seals WHERE batch = new.batch) BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_unsealed_no_update BEFORE UPDATE ON audit_unsealed BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_unsealed_no_delete BEFORE DELETE ON audit_unsealed
    WHEN NOT EXISTS (SELECT 1 FROM audit_sealed WHERE row_id = old.row_id) BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
