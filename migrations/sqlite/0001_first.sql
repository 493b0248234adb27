-- The project database, first form. Numbered alike in migrations/sqlite and migrations/postgres.
-- Documents (JSON) are TEXT: JSONB reorders keys and refuses \u0000. Raw bodies are bytes.

CREATE TABLE persons (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    platform TEXT NOT NULL CHECK (platform IN ('slack', 'discord', 'github', 'shell')),
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (platform, workspace, user_id)
) STRICT;

CREATE TABLE projects (
    id BLOB PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('planned', 'active', 'on_hold', 'done', 'archived')),
    repository TEXT,
    owner_id BLOB REFERENCES persons (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX projects_by_repository ON projects (repository);

-- A place belongs to one project at most; a thread belongs to its channel's project.
CREATE TABLE project_places (
    place TEXT PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    bound_by BLOB REFERENCES persons (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX project_places_by_project ON project_places (project_id);

-- What GitHub said an account may do to a repository; a cache that the judge reads.
CREATE TABLE repository_permissions (
    repository TEXT NOT NULL,
    user_id TEXT NOT NULL,
    permission TEXT NOT NULL CHECK (permission IN ('none', 'read', 'write', 'admin')),
    fetched_at TEXT NOT NULL,
    PRIMARY KEY (repository, user_id)
) STRICT;

CREATE TABLE conversations (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE conversation_places (
    place TEXT PRIMARY KEY NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX conversation_places_by_conversation ON conversation_places (conversation_id);

-- Facts that reached us. `body` is the translated fact, `raw` what came; both are emptied when the fact is none of
-- our business.
CREATE TABLE inbox_events (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    place TEXT,
    external_id TEXT,
    body TEXT NOT NULL,
    raw BLOB NOT NULL,
    received_at TEXT NOT NULL,
    meaning TEXT
) STRICT;
CREATE INDEX inbox_events_by_message ON inbox_events (place, external_id);

-- What a fact is known by; one row makes a later copy a repetition.
CREATE TABLE event_keys (
    key TEXT PRIMARY KEY NOT NULL,
    event_id BLOB NOT NULL REFERENCES inbox_events (id) ON DELETE CASCADE,
    seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX event_keys_by_event ON event_keys (event_id);

CREATE TABLE turns (
    id BLOB PRIMARY KEY NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    asker_name TEXT NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    asked_at TEXT NOT NULL
) STRICT;

-- `number` gives the search index a row number that survives VACUUM.
CREATE TABLE messages (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    external_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    turn_id BLOB REFERENCES turns (id) ON DELETE SET NULL,
    person_id BLOB REFERENCES persons (id) ON DELETE SET NULL,
    author_kind TEXT NOT NULL CHECK (author_kind IN ('human', 'bot', 'ourselves')),
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    UNIQUE (place, external_id, part)
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_id, sent_at);

CREATE TABLE runs (
    id BLOB PRIMARY KEY NOT NULL,
    turn_id BLOB NOT NULL UNIQUE REFERENCES turns (id) ON DELETE CASCADE,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    work TEXT NOT NULL,
    targets TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    doing TEXT NOT NULL,
    answer TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT
) STRICT;
CREATE INDEX runs_by_conversation ON runs (conversation_id, created_at);

-- The journal of a run. `asked`: a model was asked and its answer is not journaled yet; found in this state after a
-- crash it counts as lost and is asked again. `awaiting`: the step's delivery decides how it ended.
CREATE TABLE steps (
    id BLOB PRIMARY KEY NOT NULL,
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('model', 'tool')),
    state TEXT NOT NULL CHECK (state IN ('asked', 'awaiting', 'done', 'lost')),
    call_id TEXT NOT NULL,
    name TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    failed INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    UNIQUE (run_id, seq)
) STRICT;

-- Intended effects on the outside. `sending`: on its way; found in this state after a crash it counts as `unknown`.
-- `unknown`: it may have happened; it is looked up, never blindly sent again.
CREATE TABLE deliveries (
    id BLOB PRIMARY KEY NOT NULL,
    group_id BLOB NOT NULL,
    part INTEGER NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('answer', 'tool', 'digest')),
    run_id BLOB REFERENCES runs (id) ON DELETE SET NULL,
    step_id BLOB REFERENCES steps (id) ON DELETE SET NULL,
    conversation_id BLOB REFERENCES conversations (id) ON DELETE SET NULL,
    place TEXT NOT NULL,
    credential TEXT NOT NULL,
    effect TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_text TEXT NOT NULL,
    sending_text TEXT NOT NULL,
    desired_rev INTEGER NOT NULL,
    sending_rev INTEGER NOT NULL,
    sent_rev INTEGER NOT NULL,
    final INTEGER NOT NULL,
    external_id TEXT,
    url TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'dead', 'cancelled')),
    reason TEXT,
    attempts INTEGER NOT NULL,
    sending_since TEXT,
    sent_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (group_id, part)
) STRICT;
CREATE INDEX deliveries_by_run ON deliveries (run_id);
CREATE INDEX deliveries_by_step ON deliveries (step_id);
CREATE INDEX deliveries_by_place ON deliveries (place, sent_at);
CREATE INDEX deliveries_unsettled ON deliveries (state) WHERE state IN ('queued', 'sending', 'unknown', 'dead');

-- Rules of times by which a project's status is posted to a place. `number` is what people call one by and is never used
-- again; the columns from `person_id` to `said_at` are who made it, from where: its digests are read with their rights.
-- `next_at` is empty when it never is due again; a removed one keeps its occurrences.
CREATE TABLE schedules (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    next_at TEXT,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    asker_name TEXT NOT NULL,
    said_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    removed_at TEXT
) STRICT;
CREATE INDEX schedules_by_project ON schedules (project_id);
CREATE INDEX schedules_due ON schedules (next_at) WHERE removed_at IS NULL;

-- Due times that came. The unique pair is the claim: who adds the row makes the digest. `missed_since` is the first of the
-- due times that passed while nobody was there, when there was more than this one. `text` is empty until the digest is
-- made, and never changes afterwards; `group_id` names its deliveries, and is empty when nothing was posted.
CREATE TABLE occurrences (
    id BLOB PRIMARY KEY NOT NULL,
    schedule_id BLOB NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    due_at TEXT NOT NULL,
    missed_since TEXT,
    delayed INTEGER NOT NULL,
    text TEXT,
    group_id BLOB,
    created_at TEXT NOT NULL,
    made_at TEXT,
    UNIQUE (schedule_id, due_at)
) STRICT;

-- How far the messages of a place have been read, by the platform's own growing ids: from where on to ask again after we
-- were away. What is older than `first_id` was said before the place was ours to read.
CREATE TABLE watermarks (
    place TEXT PRIMARY KEY NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- When a credential, or a credential at a place, may be used next; rows, so that replicas share them.
CREATE TABLE pacing (
    scope TEXT PRIMARY KEY NOT NULL,
    next_at TEXT NOT NULL,
    paused_until TEXT NOT NULL
) STRICT;

-- A lane gives its items their order inside the transaction that enqueues them.
CREATE TABLE lanes (
    lane TEXT PRIMARY KEY NOT NULL,
    last_seq INTEGER NOT NULL
) STRICT;

-- The work queue. `running` under a lease: found with an expired one, somebody crashed and the item is taken again.
-- `parked`: keeps its lane and waits to be woken.
CREATE TABLE work_items (
    id BLOB PRIMARY KEY NOT NULL,
    lane TEXT NOT NULL REFERENCES lanes (lane) ON DELETE CASCADE,
    lane_seq INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'run', 'send', 'progress', 'occurrence')),
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
CREATE INDEX work_items_ready ON work_items (kind, run_at) WHERE state = 'queued';
CREATE INDEX work_items_open ON work_items (lane, lane_seq) WHERE state IN ('queued', 'running', 'parked');
CREATE UNIQUE INDEX work_items_one_open ON work_items (kind, subject) WHERE state IN ('queued', 'running', 'parked');
CREATE INDEX work_items_leased ON work_items (lease_until) WHERE state = 'running';

-- Full-text search over messages; kept by triggers, so that no writer can forget it.
CREATE VIRTUAL TABLE message_words USING fts5 (text, tokenize = 'unicode61');
CREATE TRIGGER messages_words_insert AFTER INSERT ON messages BEGIN
    INSERT INTO message_words (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER messages_words_update AFTER UPDATE OF text ON messages BEGIN
    UPDATE message_words SET text = new.text WHERE rowid = new.number;
END;
CREATE TRIGGER messages_words_delete AFTER DELETE ON messages BEGIN
    DELETE FROM message_words WHERE rowid = old.number;
END;
