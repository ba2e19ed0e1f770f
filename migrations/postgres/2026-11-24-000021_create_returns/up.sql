-- Returns: form 06a as a unit filled it in. `rows` is JSON: each field with its cells.
CREATE TABLE returns (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT returns_unit REFERENCES units (id),
    period TEXT COLLATE "C" NOT NULL,
    calendar TEXT COLLATE "C" NOT NULL,
    rows TEXT COLLATE "C" NOT NULL,
    source_title TEXT COLLATE "C" NOT NULL,
    source_url TEXT COLLATE "C",
    source_published_on DATE,
    note TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT returns_natural_key UNIQUE (unit_id, period, calendar)
);
