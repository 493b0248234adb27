-- How often a platform was called for a delivery in all, for those who ask why; `attempts` counts those for its newest text alone.
ALTER TABLE deliveries ADD COLUMN calls BIGINT NOT NULL DEFAULT 0;
