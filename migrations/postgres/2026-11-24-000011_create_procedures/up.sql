-- The catalogue of procedures with their terms.
CREATE TABLE procedures (
    code TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    name_sort TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C",
    level TEXT COLLATE "C",
    term_amount INTEGER,
    term_unit TEXT COLLATE "C",
    cut_off TEXT COLLATE "C",
    term_text TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX procedures_by_name ON procedures (name_sort, code);
CREATE INDEX procedures_by_field ON procedures (field);
