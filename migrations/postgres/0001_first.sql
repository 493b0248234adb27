-- The project database, first form. Numbered alike in migrations/sqlite and migrations/postgres.
-- Documents (JSON) are TEXT: JSONB reorders keys and refuses \u0000. Raw bodies are bytes.

CREATE TABLE persons (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE accounts (
    platform TEXT NOT NULL CHECK (platform IN ('slack', 'discord', 'github', 'shell')),
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (platform, workspace, user_id)
);

CREATE TABLE projects (
    id UUID PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('planned', 'active', 'on_hold', 'done', 'archived')),
    repository TEXT,
    owner_id UUID REFERENCES persons (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX projects_by_repository ON projects (repository);

-- A place belongs to one project at most; a thread belongs to its channel's project.
CREATE TABLE project_places (
    place TEXT PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    bound_by UUID REFERENCES persons (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX project_places_by_project ON project_places (project_id);

-- What GitHub said an account may do to a repository; a cache that the judge reads.
CREATE TABLE repository_permissions (
    repository TEXT NOT NULL,
    user_id TEXT NOT NULL,
    permission TEXT NOT NULL CHECK (permission IN ('none', 'read', 'write', 'admin')),
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (repository, user_id)
);

CREATE TABLE conversations (
    id UUID PRIMARY KEY NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE conversation_places (
    place TEXT PRIMARY KEY NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE
);
CREATE INDEX conversation_places_by_conversation ON conversation_places (conversation_id);

-- Facts that reached us. `body` is the translated fact, `raw` what came; both are emptied when the fact is none of
-- our business.
CREATE TABLE inbox_events (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    place TEXT,
    external_id TEXT,
    body TEXT NOT NULL,
    raw BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    meaning TEXT
);
CREATE INDEX inbox_events_by_message ON inbox_events (place, external_id);

-- What a fact is known by; one row makes a later copy a repetition.
CREATE TABLE event_keys (
    key TEXT PRIMARY KEY NOT NULL,
    event_id UUID NOT NULL REFERENCES inbox_events (id) ON DELETE CASCADE,
    seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX event_keys_by_event ON event_keys (event_id);

CREATE TABLE turns (
    id UUID PRIMARY KEY NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    asker_name TEXT NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE messages (
    id UUID PRIMARY KEY NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    external_id TEXT NOT NULL,
    part BIGINT NOT NULL,
    turn_id UUID REFERENCES turns (id) ON DELETE SET NULL,
    person_id UUID REFERENCES persons (id) ON DELETE SET NULL,
    author_kind TEXT NOT NULL CHECK (author_kind IN ('human', 'bot', 'ourselves')),
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL,
    UNIQUE (place, external_id, part)
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, sent_at);

CREATE TABLE runs (
    id UUID PRIMARY KEY NOT NULL,
    turn_id UUID NOT NULL UNIQUE REFERENCES turns (id) ON DELETE CASCADE,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    work TEXT NOT NULL,
    targets TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    doing TEXT NOT NULL,
    answer TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ
);
CREATE INDEX runs_by_conversation ON runs (conversation_id, created_at);

-- The journal of a run. `asked`: a model was asked and its answer is not journaled yet; found in this state after a
-- crash it counts as lost and is asked again. `awaiting`: the step's delivery decides how it ended.
CREATE TABLE steps (
    id UUID PRIMARY KEY NOT NULL,
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('model', 'tool')),
    state TEXT NOT NULL CHECK (state IN ('asked', 'awaiting', 'done', 'lost')),
    call_id TEXT NOT NULL,
    name TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    failed BOOLEAN NOT NULL,
    tokens BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    UNIQUE (run_id, seq)
);

-- Intended effects on the outside. `sending`: on its way; found in this state after a crash it counts as `unknown`.
-- `unknown`: it may have happened; it is looked up, never blindly sent again.
CREATE TABLE deliveries (
    id UUID PRIMARY KEY NOT NULL,
    group_id UUID NOT NULL,
    part BIGINT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('answer', 'tool', 'digest')),
    run_id UUID REFERENCES runs (id) ON DELETE SET NULL,
    step_id UUID REFERENCES steps (id) ON DELETE SET NULL,
    conversation_id UUID REFERENCES conversations (id) ON DELETE SET NULL,
    place TEXT NOT NULL,
    credential TEXT NOT NULL,
    effect TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_text TEXT NOT NULL,
    sending_text TEXT NOT NULL,
    desired_rev BIGINT NOT NULL,
    sending_rev BIGINT NOT NULL,
    sent_rev BIGINT NOT NULL,
    final BOOLEAN NOT NULL,
    external_id TEXT,
    url TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'dead', 'cancelled')),
    reason TEXT,
    attempts BIGINT NOT NULL,
    sending_since TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (group_id, part)
);
CREATE INDEX deliveries_by_run ON deliveries (run_id);
CREATE INDEX deliveries_by_step ON deliveries (step_id);
CREATE INDEX deliveries_by_place ON deliveries (place, sent_at);
CREATE INDEX deliveries_unsettled ON deliveries (state) WHERE state IN ('queued', 'sending', 'unknown', 'dead');

-- Rules of times by which a project's status is posted to a place. `number` is what people call one by and is never used
-- again; the columns from `person_id` to `said_at` are who made it, from where: its digests are read with their rights.
-- `next_at` is empty when it never is due again; a removed one keeps its occurrences.
CREATE TABLE schedules (
    number BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    next_at TIMESTAMPTZ,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    asker_name TEXT NOT NULL,
    said_at TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    removed_at TIMESTAMPTZ
);
CREATE INDEX schedules_by_project ON schedules (project_id);
CREATE INDEX schedules_due ON schedules (next_at) WHERE removed_at IS NULL;

-- Due times that came. The unique pair is the claim: who adds the row makes the digest. `missed_since` is the first of the
-- due times that passed while nobody was there, when there was more than this one. `text` is empty until the digest is
-- made, and never changes afterwards; `group_id` names its deliveries, and is empty when nothing was posted.
CREATE TABLE occurrences (
    id UUID PRIMARY KEY NOT NULL,
    schedule_id UUID NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    due_at TIMESTAMPTZ NOT NULL,
    missed_since TIMESTAMPTZ,
    delayed BOOLEAN NOT NULL,
    text TEXT,
    group_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    made_at TIMESTAMPTZ,
    UNIQUE (schedule_id, due_at)
);

-- How far the messages of a place have been read, by the platform's own growing ids: from where on to ask again after we
-- were away. What is older than `first_id` was said before the place was ours to read.
CREATE TABLE watermarks (
    place TEXT PRIMARY KEY NOT NULL,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- When a credential, or a credential at a place, may be used next; rows, so that replicas share them.
CREATE TABLE pacing (
    scope TEXT PRIMARY KEY NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    paused_until TIMESTAMPTZ NOT NULL
);

-- A lane gives its items their order inside the transaction that enqueues them.
CREATE TABLE lanes (
    lane TEXT PRIMARY KEY NOT NULL,
    last_seq BIGINT NOT NULL
);

-- The work queue. `running` under a lease: found with an expired one, somebody crashed and the item is taken again.
-- `parked`: keeps its lane and waits to be woken.
CREATE TABLE work_items (
    id UUID PRIMARY KEY NOT NULL,
    lane TEXT NOT NULL REFERENCES lanes (lane) ON DELETE CASCADE,
    lane_seq BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'run', 'send', 'progress', 'occurrence')),
    subject UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'parked', 'done', 'dead')),
    run_at TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    lease_no BIGINT NOT NULL,
    lease_until TIMESTAMPTZ,
    reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (lane, lane_seq)
);
CREATE INDEX work_items_ready ON work_items (kind, run_at) WHERE state = 'queued';
CREATE INDEX work_items_open ON work_items (lane, lane_seq) WHERE state IN ('queued', 'running', 'parked');
CREATE UNIQUE INDEX work_items_one_open ON work_items (kind, subject) WHERE state IN ('queued', 'running', 'parked');
CREATE INDEX work_items_leased ON work_items (lease_until) WHERE state = 'running';

-- Full-text search over messages.
CREATE INDEX messages_words ON messages USING gin (to_tsvector('simple', text));
