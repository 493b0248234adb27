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
