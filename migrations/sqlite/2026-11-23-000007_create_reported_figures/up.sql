-- Figures as somebody published them: the value is text, verbatim.
CREATE TABLE reported_figures (
    id TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT NOT NULL CONSTRAINT reported_figures_unit REFERENCES units (id),
    measure TEXT NOT NULL,
    period TEXT NOT NULL,
    base_period TEXT,
    value TEXT NOT NULL,
    unit_of_measure TEXT NOT NULL,
    unit_is_assumed INTEGER NOT NULL,
    review_year INTEGER,
    source_title TEXT NOT NULL,
    source_url TEXT,
    source_published_on TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX reported_figures_by_review ON reported_figures (unit_id, review_year);
