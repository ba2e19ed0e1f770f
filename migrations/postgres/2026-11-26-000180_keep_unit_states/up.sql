-- Units as they were before each change, so that what a revision tells of reforms stays as it was known when it was
-- published: the change log is not kept for ever. `ended_by` is the number of the change, `unit` the state that it ended
-- (JSON), null where the change made the unit. Rows are added and never change. What a unit was before this migration is
-- not known, and counts as what it was then.
CREATE TABLE unit_states (
    ended_by BIGINT NOT NULL,
    unit_id TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C",
    PRIMARY KEY (ended_by, unit_id)
);
