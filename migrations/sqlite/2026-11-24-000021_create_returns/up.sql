-- Returns: form 06a as a unit filled it in. `rows` is JSON: each field with its cells.
CREATE TABLE returns (
    id TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT NOT NULL CONSTRAINT returns_unit REFERENCES units (id),
    period TEXT NOT NULL,
    calendar TEXT NOT NULL,
    rows TEXT NOT NULL,
    source_title TEXT NOT NULL,
    source_url TEXT,
    source_published_on TEXT,
    note TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT returns_natural_key UNIQUE (unit_id, period, calendar)
) STRICT;
