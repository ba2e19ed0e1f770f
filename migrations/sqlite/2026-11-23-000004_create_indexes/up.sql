-- Indexes and their editions. Criteria, cohorts and bands are read and written as a whole, so they are JSON;
-- the units that an edition names are rows too, so that none of them can be deleted.
CREATE TABLE indexes (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    name_en TEXT,
    description TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE TABLE editions (
    index_code TEXT NOT NULL CONSTRAINT editions_index REFERENCES indexes (code),
    year INTEGER NOT NULL,
    framework TEXT NOT NULL,
    unit_of_measure TEXT NOT NULL,
    decimals INTEGER NOT NULL,
    rank_decimals INTEGER,
    tie_rule TEXT NOT NULL,
    method TEXT NOT NULL,
    criteria TEXT NOT NULL,
    cohorts TEXT NOT NULL,
    bands TEXT NOT NULL,
    note TEXT,
    status TEXT NOT NULL,
    revision INTEGER,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (index_code, year)
) STRICT;
CREATE TABLE edition_units (
    index_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT NOT NULL CONSTRAINT edition_units_unit REFERENCES units (id),
    PRIMARY KEY (index_code, year, unit_id),
    CONSTRAINT edition_units_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year)
) STRICT;
CREATE INDEX edition_units_by_unit ON edition_units (unit_id);
