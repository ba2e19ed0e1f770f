-- What reviews order.
CREATE TABLE improvement_actions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    owner_unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT improvement_actions_owner REFERENCES units (id),
    review_unit_id TEXT COLLATE "C" CONSTRAINT improvement_actions_review_unit REFERENCES units (id),
    review_year INTEGER,
    index_code TEXT COLLATE "C" CONSTRAINT improvement_actions_index REFERENCES indexes (code),
    criterion TEXT COLLATE "C",
    due_on DATE,
    status TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX improvement_actions_by_owner ON improvement_actions (owner_unit_id);
CREATE INDEX improvement_actions_by_review ON improvement_actions (review_unit_id, review_year);
CREATE INDEX improvement_actions_by_index ON improvement_actions (index_code);
