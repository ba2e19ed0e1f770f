-- Administrative units live in time: a code alone is no key.
CREATE TABLE units (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    code TEXT COLLATE "C",
    code_scheme TEXT COLLATE "C",
    name TEXT COLLATE "C" NOT NULL,
    name_sort TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" CONSTRAINT units_parent REFERENCES units (id),
    valid_from DATE,
    valid_to DATE,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX units_by_parent ON units (parent_id);
CREATE INDEX units_by_code ON units (code_scheme, code);
CREATE TABLE unit_successors (
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT unit_successors_unit REFERENCES units (id),
    successor_id TEXT COLLATE "C" NOT NULL CONSTRAINT unit_successors_successor REFERENCES units (id),
    position INTEGER NOT NULL,
    extent TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (unit_id, successor_id)
);
CREATE INDEX unit_successors_by_successor ON unit_successors (successor_id);
