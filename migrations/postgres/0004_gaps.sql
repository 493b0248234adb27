-- How far a repository's lists of comments and issues were read for what no webhook told. Nothing from before `first_at`
-- is ever read as new.
CREATE TABLE repository_cursors (
    repository TEXT PRIMARY KEY NOT NULL,
    first_at TIMESTAMPTZ NOT NULL,
    comments_to TIMESTAMPTZ NOT NULL,
    issues_to TIMESTAMPTZ NOT NULL,
    checked_at TIMESTAMPTZ NOT NULL
);

-- How often a webhook that failed was asked for again.
CREATE TABLE redeliveries (
    guid TEXT PRIMARY KEY NOT NULL,
    asked BIGINT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX redeliveries_by_age ON redeliveries (asked_at);

-- Runs whose request was old when work on it began: the person was asked whether it is still wanted. `taken_at`: they said so.
CREATE TABLE held_runs (
    run_id UUID PRIMARY KEY NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    held_at TIMESTAMPTZ NOT NULL,
    taken_at TIMESTAMPTZ
);
CREATE INDEX held_runs_by_person ON held_runs (person_id, held_at);
