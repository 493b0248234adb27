-- Indexes by which what is finished and old is found, and by which a deleted row finds what pointed to it: without them each
-- deletion would read a whole table.
CREATE INDEX work_items_finished ON work_items (run_at) WHERE state IN ('done', 'dead');
CREATE INDEX inbox_events_by_age ON inbox_events (received_at);
CREATE INDEX occurrences_made ON occurrences (made_at);
CREATE INDEX occurrences_by_group ON occurrences (group_id);
CREATE INDEX deliveries_settled ON deliveries (COALESCE(sent_at, created_at)) WHERE state IN ('sent', 'cancelled');
CREATE INDEX deliveries_by_conversation ON deliveries (conversation_id);
CREATE INDEX runs_finished ON runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX turns_by_conversation ON turns (conversation_id);
CREATE INDEX messages_by_age ON messages (sent_at);
CREATE INDEX conversations_by_age ON conversations (created_at);

-- Every item is written at least three times. Autovacuum comes for a fifth of a table by default, which on a long history is
-- seldom; what died meanwhile stands in the way of each claim.
ALTER TABLE work_items SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE lanes SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
