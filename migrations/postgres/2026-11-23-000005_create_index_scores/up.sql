-- `score` is the exact decimal as text, `score_sort` the same with the byte order of numbers. `criterion` is
-- '_total' for a total, so that the natural key is unique whatever the database thinks of nulls.
CREATE TABLE index_scores (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    index_code TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT index_scores_unit REFERENCES units (id),
    criterion TEXT COLLATE "C" NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    score TEXT COLLATE "C",
    score_sort TEXT COLLATE "C",
    published_rank INTEGER,
    applicable BOOLEAN NOT NULL,
    source TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT index_scores_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year),
    CONSTRAINT index_scores_natural_key UNIQUE (index_code, year, unit_id, criterion, stage)
);
CREATE INDEX index_scores_by_unit ON index_scores (unit_id);
