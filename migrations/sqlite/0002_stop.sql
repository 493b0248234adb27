-- A run can be stopped: `stopping` waits to learn what became of what was on its way, `stopped` is answered. Who stopped it is
-- in `stopped_by`. Work of the kind `control` (a word such as "stop") waits behind nothing else.
-- SQLite changes a CHECK by building the table anew; foreign keys are off meanwhile.

CREATE TABLE new_runs (
    id BLOB PRIMARY KEY NOT NULL,
    turn_id BLOB NOT NULL UNIQUE REFERENCES turns (id) ON DELETE CASCADE,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    work TEXT NOT NULL,
    targets TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'stopping', 'done', 'failed', 'stopped')),
    doing TEXT NOT NULL,
    answer TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    stopped_by TEXT
) STRICT;
INSERT INTO new_runs (id, turn_id, conversation_id, work, targets, state, doing, answer, created_at, started_at, finished_at)
    SELECT id, turn_id, conversation_id, work, targets, state, doing, answer, created_at, started_at, finished_at FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE INDEX runs_by_conversation ON runs (conversation_id, created_at);
-- What has no answer yet, however many runs a conversation had.
CREATE INDEX runs_open ON runs (conversation_id) WHERE state IN ('queued', 'running', 'stopping');
-- The messages that a turn is made of.
CREATE INDEX messages_by_turn ON messages (turn_id) WHERE turn_id IS NOT NULL;

CREATE TABLE new_work_items (
    id BLOB PRIMARY KEY NOT NULL,
    lane TEXT NOT NULL REFERENCES lanes (lane) ON DELETE CASCADE,
    lane_seq INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'run', 'send', 'progress', 'occurrence', 'control')),
    subject BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'parked', 'done', 'dead')),
    run_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_no INTEGER NOT NULL,
    lease_until TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (lane, lane_seq)
) STRICT;
INSERT INTO new_work_items (id, lane, lane_seq, kind, subject, state, run_at, attempts, lease_no, lease_until, reason, created_at)
    SELECT id, lane, lane_seq, kind, subject, state, run_at, attempts, lease_no, lease_until, reason, created_at FROM work_items;
DROP TABLE work_items;
ALTER TABLE new_work_items RENAME TO work_items;
CREATE INDEX work_items_ready ON work_items (kind, run_at) WHERE state = 'queued';
CREATE INDEX work_items_open ON work_items (lane, lane_seq) WHERE state IN ('queued', 'running', 'parked');
CREATE UNIQUE INDEX work_items_one_open ON work_items (kind, subject) WHERE state IN ('queued', 'running', 'parked');
CREATE INDEX work_items_leased ON work_items (lease_until) WHERE state = 'running';
