-- Parents that units had before: each until, and not including, a day; none where the unit stood below no other.
-- `moved`: the unit has some, so that reading the others costs nothing more.
ALTER TABLE units ADD COLUMN moved BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE unit_former_parents (
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT unit_former_parents_unit REFERENCES units (id),
    until DATE NOT NULL,
    parent_id TEXT COLLATE "C" CONSTRAINT unit_former_parents_parent REFERENCES units (id),
    PRIMARY KEY (unit_id, until)
);
CREATE INDEX unit_former_parents_by_parent ON unit_former_parents (parent_id);
