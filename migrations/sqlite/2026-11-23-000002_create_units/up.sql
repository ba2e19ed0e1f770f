-- Administrative units live in time: a code alone is no key.
CREATE TABLE units (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT,
    code_scheme TEXT,
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    level TEXT NOT NULL,
    parent_id TEXT CONSTRAINT units_parent REFERENCES units (id),
    valid_from TEXT,
    valid_to TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX units_by_parent ON units (parent_id);
CREATE INDEX units_by_code ON units (code_scheme, code);
CREATE TABLE unit_successors (
    unit_id TEXT NOT NULL CONSTRAINT unit_successors_unit REFERENCES units (id),
    successor_id TEXT NOT NULL CONSTRAINT unit_successors_successor REFERENCES units (id),
    position INTEGER NOT NULL,
    extent TEXT NOT NULL,
    PRIMARY KEY (unit_id, successor_id)
) STRICT;
CREATE INDEX unit_successors_by_successor ON unit_successors (successor_id);
