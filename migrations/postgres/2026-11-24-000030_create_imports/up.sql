-- Imports and how far they are: `rows_read` is the sum of the five counts behind it, in every state that is
-- committed. `beat_at` is when the import last showed that it lives. `dropped_columns` is a list in JSON.
CREATE TABLE imports (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    mode TEXT COLLATE "C" NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C",
    actor TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    finished_at BIGINT,
    rows_read BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    undone BIGINT NOT NULL,
    dropped_columns TEXT COLLATE "C" NOT NULL,
    failure_code TEXT COLLATE "C",
    failure_en TEXT COLLATE "C",
    failure_vi TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX imports_by_status ON imports (status, beat_at);
-- What was wrong with rejected rows. The id is that of the import, the row and the place in the row, so that
-- the order of ids is the order of the file.
CREATE TABLE import_rows (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    import_id TEXT COLLATE "C" NOT NULL CONSTRAINT import_rows_import REFERENCES imports (id),
    row_number BIGINT NOT NULL,
    column_name TEXT COLLATE "C",
    value TEXT COLLATE "C",
    code TEXT COLLATE "C" NOT NULL,
    detail_en TEXT COLLATE "C" NOT NULL,
    detail_vi TEXT COLLATE "C" NOT NULL
);
CREATE INDEX import_rows_by_import ON import_rows (import_id, id);
