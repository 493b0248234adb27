-- Whose an account was before it was linked for the first time: what was given to that person is the account's own, and goes with it
-- when accounts are taken apart.
ALTER TABLE accounts ADD COLUMN came_from UUID REFERENCES persons (id) ON DELETE SET NULL;
CREATE INDEX accounts_by_origin ON accounts (came_from);
-- Where a code was shown, so that whoever was shown it hears who said it.
ALTER TABLE codes ADD COLUMN place TEXT;
-- With which account, and where, somebody answered: whether they still may is looked at when it counts.
ALTER TABLE votes ADD COLUMN account TEXT;
ALTER TABLE votes ADD COLUMN place TEXT;
