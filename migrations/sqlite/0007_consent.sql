-- Who people are on several platforms, what they may do, and questions that they must answer before something happens.

-- Who owns this Callsheet, and so every project; `how` says what proved it.
CREATE TABLE owners (
    person_id BLOB PRIMARY KEY NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    how TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE roles (
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'maintainer', 'owner')),
    granted_by BLOB REFERENCES persons (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (project_id, person_id)
) STRICT;
CREATE INDEX roles_by_person ON roles (person_id);
-- Whoever made a project owns it.
INSERT INTO roles (project_id, person_id, role, granted_by, created_at)
    SELECT id, owner_id, 'owner', owner_id, created_at FROM projects WHERE owner_id IS NOT NULL;

-- What people are who speak at a bound place.
ALTER TABLE project_places ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('viewer', 'member'));

-- Which effects wait for an answer, how many people must agree, whether who asked counts, and who may answer: those with the role,
-- or the named people alone (ids, apart by spaces).
ALTER TABLE projects ADD COLUMN gates TEXT NOT NULL DEFAULT 'irreversible' CHECK (gates IN ('none', 'irreversible', 'all_writes'));
ALTER TABLE projects ADD COLUMN two_people INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN not_requester INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN approvers TEXT NOT NULL DEFAULT '';

-- When an account was proved to be its person's, beside another one; and when it was made a person of its own again.
ALTER TABLE accounts ADD COLUMN linked_at TEXT;
ALTER TABLE accounts ADD COLUMN unlinked_at TEXT;
CREATE INDEX accounts_by_person ON accounts (person_id);

-- Words that prove something, by their hash, once: that an account belongs to whoever was shown the word, or that somebody sees the
-- log of this Callsheet and so may own it (then without a person).
CREATE TABLE codes (
    hash BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('link', 'claim')),
    person_id BLOB REFERENCES persons (id) ON DELETE CASCADE,
    account_name TEXT NOT NULL,
    platform TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX codes_by_age ON codes (expires_at);
CREATE INDEX codes_by_person ON codes (person_id);

-- Questions. `number` is what people call one by and is never used again. `change` is what is made when it is approved, and `hash`
-- is that of the change and of what it was decided upon. The columns from `person_id` to `place` are who asked for it and where.
-- Found `open` after `expires_at`, the clock's "no" is due.
CREATE TABLE gates (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    project_id BLOB REFERENCES projects (id) ON DELETE SET NULL,
    run_id BLOB REFERENCES runs (id) ON DELETE SET NULL,
    step_id BLOB UNIQUE REFERENCES steps (id) ON DELETE SET NULL,
    person_id BLOB REFERENCES persons (id) ON DELETE SET NULL,
    asker_name TEXT NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    change TEXT NOT NULL,
    shown TEXT NOT NULL,
    hash BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'maintainer', 'owner')),
    approvers TEXT NOT NULL,
    votes_needed INTEGER NOT NULL,
    not_requester INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'expired', 'moved', 'withdrawn')),
    decision TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    decided_at TEXT
) STRICT;
CREATE INDEX gates_open ON gates (expires_at) WHERE state = 'open';
CREATE INDEX gates_by_run ON gates (run_id);
CREATE INDEX gates_by_project ON gates (project_id);
CREATE INDEX gates_by_person ON gates (person_id);

CREATE TABLE votes (
    gate_id BLOB NOT NULL REFERENCES gates (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    approves INTEGER NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    voted_at TEXT NOT NULL,
    PRIMARY KEY (gate_id, person_id)
) STRICT;
CREATE INDEX votes_by_person ON votes (person_id);

-- Where a question is shown: each copy is brought up to date when it is decided.
CREATE TABLE gate_copies (
    gate_id BLOB NOT NULL REFERENCES gates (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL,
    PRIMARY KEY (gate_id, group_id)
) STRICT;
