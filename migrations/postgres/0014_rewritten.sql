-- Issues into which a tainted run wrote: their words may be a stranger's, whoever opened them. Nothing takes that back, since what
-- was written may stand there for ever.
CREATE TABLE rewritten_issues (
    repository TEXT NOT NULL,
    number BIGINT NOT NULL,
    tainted_by TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (repository, number)
);
-- What whoever asked for a run was then, and why, in words; not known of runs that began before.
ALTER TABLE runs ADD COLUMN rights TEXT;
