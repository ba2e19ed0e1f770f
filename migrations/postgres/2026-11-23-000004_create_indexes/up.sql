-- Indexes and their editions. Criteria, cohorts and bands are read and written as a whole, so they are JSON;
-- the units that an edition names are rows too, so that none of them can be deleted.
CREATE TABLE indexes (
    code TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    name_sort TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    description TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE editions (
    index_code TEXT COLLATE "C" NOT NULL CONSTRAINT editions_index REFERENCES indexes (code),
    year INTEGER NOT NULL,
    framework TEXT COLLATE "C" NOT NULL,
    unit_of_measure TEXT COLLATE "C" NOT NULL,
    decimals INTEGER NOT NULL,
    rank_decimals INTEGER,
    tie_rule TEXT COLLATE "C" NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    criteria TEXT COLLATE "C" NOT NULL,
    cohorts TEXT COLLATE "C" NOT NULL,
    bands TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    revision INTEGER,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (index_code, year)
);
CREATE TABLE edition_units (
    index_code TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT edition_units_unit REFERENCES units (id),
    PRIMARY KEY (index_code, year, unit_id),
    CONSTRAINT edition_units_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year)
);
CREATE INDEX edition_units_by_unit ON edition_units (unit_id);
