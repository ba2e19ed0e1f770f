-- The catalogue of procedures with their terms.
CREATE TABLE procedures (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    field TEXT,
    level TEXT,
    term_amount INTEGER,
    term_unit TEXT,
    cut_off TEXT,
    term_text TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX procedures_by_name ON procedures (name_sort, code);
CREATE INDEX procedures_by_field ON procedures (field);
