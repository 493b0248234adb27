-- What the language model cost: in each step, and for each person, project and day (UTC), which outlives the steps. Money is
-- counted in millionths of the currency. `project` is the id of the project, or empty for none: a key may hold no NULL.
ALTER TABLE steps ADD COLUMN cost_micro INTEGER NOT NULL DEFAULT 0;

CREATE TABLE usage (
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    project TEXT NOT NULL,
    day TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    cost_micro INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    PRIMARY KEY (person_id, day, project)
) STRICT;
CREATE INDEX usage_by_project ON usage (project, day);

-- Until when another bot is heard and not answered in a conversation.
CREATE TABLE bot_pauses (
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    until TEXT NOT NULL,
    PRIMARY KEY (conversation_id, person_id)
) STRICT;
CREATE INDEX bot_pauses_by_person ON bot_pauses (person_id);
