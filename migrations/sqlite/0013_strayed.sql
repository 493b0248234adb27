-- What our own words may repeat of other projects: whether their run had read anything outside its home, and what that home was, as a
-- JSON list; empty while it had read nothing.
ALTER TABLE messages ADD COLUMN strayed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN home TEXT;
