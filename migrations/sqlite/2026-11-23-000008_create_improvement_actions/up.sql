-- What reviews order.
CREATE TABLE improvement_actions (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    owner_unit_id TEXT NOT NULL CONSTRAINT improvement_actions_owner REFERENCES units (id),
    review_unit_id TEXT CONSTRAINT improvement_actions_review_unit REFERENCES units (id),
    review_year INTEGER,
    index_code TEXT CONSTRAINT improvement_actions_index REFERENCES indexes (code),
    criterion TEXT,
    due_on TEXT,
    status TEXT NOT NULL,
    note TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX improvement_actions_by_owner ON improvement_actions (owner_unit_id);
CREATE INDEX improvement_actions_by_review ON improvement_actions (review_unit_id, review_year);
CREATE INDEX improvement_actions_by_index ON improvement_actions (index_code);
