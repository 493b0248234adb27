-- Whose words are trusted. A message carries the trust of its author at the moment it was kept; of what was kept before, nobody
-- asked, so it counts as a stranger's. `asked_trusted` says the same of whoever asked for a run.
ALTER TABLE messages ADD COLUMN trusted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN asked_trusted BOOLEAN NOT NULL DEFAULT FALSE;
-- A run is tainted once words of somebody without rights reached its model; `tainted_by` says whose words they were and where they
-- stood. `home` is what it may read when it is tainted, as a JSON list, empty until something is read; `strayed` tells that it read
-- something else. Of runs that began before, nobody knows what they read.
ALTER TABLE runs ADD COLUMN tainted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN tainted_by TEXT;
ALTER TABLE runs ADD COLUMN home TEXT;
ALTER TABLE runs ADD COLUMN strayed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE runs SET tainted = TRUE, tainted_by = 'it was read before this was noted' WHERE state <> 'queued';
-- By whose words a run was tainted that wrote the description.
ALTER TABLE projects ADD COLUMN description_by TEXT;
-- The words of a question are as trusted as its run.
CREATE INDEX gate_copies_by_group ON gate_copies (group_id);
