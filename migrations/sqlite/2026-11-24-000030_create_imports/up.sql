-- Imports and how far they are: `rows_read` is the sum of the five counts behind it, in every state that is
-- committed. `beat_at` is when the import last showed that it lives. `dropped_columns` is a list in JSON.
CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY,
    mode TEXT NOT NULL,
    format TEXT NOT NULL,
    source TEXT,
    actor TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    beat_at INTEGER NOT NULL,
    finished_at INTEGER,
    rows_read INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    dropped_columns TEXT NOT NULL,
    failure_code TEXT,
    failure_en TEXT,
    failure_vi TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX imports_by_status ON imports (status, beat_at);
-- What was wrong with rejected rows. The id is that of the import, the row and the place in the row, so that
-- the order of ids is the order of the file.
CREATE TABLE import_rows (
    id TEXT NOT NULL PRIMARY KEY,
    import_id TEXT NOT NULL CONSTRAINT import_rows_import REFERENCES imports (id),
    row_number INTEGER NOT NULL,
    column_name TEXT,
    value TEXT,
    code TEXT NOT NULL,
    detail_en TEXT NOT NULL,
    detail_vi TEXT NOT NULL
) STRICT;
CREATE INDEX import_rows_by_import ON import_rows (import_id, id);
