-- What the outbox notes about calls that were lost, and about effects that came later than they should.
-- `tried_since`: when the calls for its newest text began; empty before the first, and once it is confirmed. `lost_calls`: how
-- many of them were lost and left no sign. `earlier_ids`: messages that it let go, apart by spaces, each behind one. `twin_id`:
-- what came late, after the effect had been brought about once more.
ALTER TABLE deliveries ADD COLUMN tried_since TEXT;
ALTER TABLE deliveries ADD COLUMN lost_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN earlier_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN twin_id TEXT;
CREATE INDEX deliveries_twins ON deliveries (created_at) WHERE twin_id IS NOT NULL;
