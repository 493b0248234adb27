-- Where a conversation turned to another topic, or back to one: from `said_at` on it is about `topic`. Before the first of these it is
-- about topic 1, which has no row. `name` is given where a topic begins.
CREATE TABLE topic_switches (
    id UUID PRIMARY KEY NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    topic BIGINT NOT NULL,
    name TEXT NOT NULL,
    said_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX topic_switches_by_conversation ON topic_switches (conversation_id, said_at);
