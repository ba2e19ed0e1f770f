-- `score` is the exact decimal as text, `score_sort` the same with the byte order of numbers. `criterion` is
-- '_total' for a total, so that the natural key is unique whatever the database thinks of nulls.
CREATE TABLE index_scores (
    id TEXT NOT NULL PRIMARY KEY,
    index_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT NOT NULL CONSTRAINT index_scores_unit REFERENCES units (id),
    criterion TEXT NOT NULL,
    stage TEXT NOT NULL,
    score TEXT,
    score_sort TEXT,
    published_rank INTEGER,
    applicable INTEGER NOT NULL,
    source TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT index_scores_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year),
    CONSTRAINT index_scores_natural_key UNIQUE (index_code, year, unit_id, criterion, stage)
) STRICT;
CREATE INDEX index_scores_by_unit ON index_scores (unit_id);
