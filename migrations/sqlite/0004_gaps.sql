-- How far a repository's lists of comments and issues were read for what no webhook told. Nothing from before `first_at`
-- is ever read as new.
CREATE TABLE repository_cursors (
    repository TEXT PRIMARY KEY NOT NULL,
    first_at TEXT NOT NULL,
    comments_to TEXT NOT NULL,
    issues_to TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT;

-- How often a webhook that failed was asked for again.
CREATE TABLE redeliveries (
    guid TEXT PRIMARY KEY NOT NULL,
    asked INTEGER NOT NULL,
    asked_at TEXT NOT NULL
) STRICT;
CREATE INDEX redeliveries_by_age ON redeliveries (asked_at);
