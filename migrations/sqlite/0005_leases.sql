-- Who of several processes does what only one shall do. `number` grows with each new holder and fences the late writes of the
-- one before; found with `until` in the past, the holder is gone.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder BLOB NOT NULL,
    number INTEGER NOT NULL,
    until TEXT NOT NULL
) STRICT;
