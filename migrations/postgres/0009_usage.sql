-- What the language model cost: in each step, and for each person, project and day (UTC), which outlives the steps. Money is
-- counted in millionths of the currency. `project` is the id of the project, or empty for none: a key may hold no NULL.
ALTER TABLE steps ADD COLUMN cost_micro BIGINT NOT NULL DEFAULT 0;

CREATE TABLE usage (
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    project TEXT NOT NULL,
    day TEXT NOT NULL,
    tokens BIGINT NOT NULL,
    cost_micro BIGINT NOT NULL,
    answers BIGINT NOT NULL,
    PRIMARY KEY (person_id, day, project)
);
CREATE INDEX usage_by_project ON usage (project, day);

-- Until when another bot is heard and not answered in a conversation.
CREATE TABLE bot_pauses (
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (conversation_id, person_id)
);
CREATE INDEX bot_pauses_by_person ON bot_pauses (person_id);
