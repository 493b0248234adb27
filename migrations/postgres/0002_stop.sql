-- A run can be stopped: `stopping` waits to learn what became of what was on its way, `stopped` is answered. Who stopped it is
-- in `stopped_by`. Work of the kind `control` (a word such as "stop") waits behind nothing else.

ALTER TABLE runs DROP CONSTRAINT runs_state_check;
ALTER TABLE runs ADD CONSTRAINT runs_state_check
    CHECK (state IN ('queued', 'running', 'stopping', 'done', 'failed', 'stopped'));
ALTER TABLE runs ADD COLUMN stopped_by TEXT;
-- What has no answer yet, however many runs a conversation had.
CREATE INDEX runs_open ON runs (conversation_id) WHERE state IN ('queued', 'running', 'stopping');
-- The messages that a turn is made of.
CREATE INDEX messages_by_turn ON messages (turn_id) WHERE turn_id IS NOT NULL;

ALTER TABLE work_items DROP CONSTRAINT work_items_kind_check;
ALTER TABLE work_items ADD CONSTRAINT work_items_kind_check
    CHECK (kind IN ('event', 'run', 'send', 'progress', 'occurrence', 'control'));
