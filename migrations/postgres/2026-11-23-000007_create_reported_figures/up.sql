-- Figures as somebody published them: the value is text, verbatim.
CREATE TABLE reported_figures (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT reported_figures_unit REFERENCES units (id),
    measure TEXT COLLATE "C" NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    base_period TEXT COLLATE "C",
    value TEXT COLLATE "C" NOT NULL,
    unit_of_measure TEXT COLLATE "C" NOT NULL,
    unit_is_assumed BOOLEAN NOT NULL,
    review_year INTEGER,
    source_title TEXT COLLATE "C" NOT NULL,
    source_url TEXT COLLATE "C",
    source_published_on DATE,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX reported_figures_by_review ON reported_figures (unit_id, review_year);
