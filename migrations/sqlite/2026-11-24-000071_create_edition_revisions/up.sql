-- What was published: a revision holds the edition, its scores and the units of its cohorts as they were. Rows are
-- added and never change. `stages` of an edition are the steps of its cycle (JSON), each with who took it and when.
-- The scores have the columns of index_scores, so that both are listed alike; units are not referred to, because a
-- revision holds their names itself.
ALTER TABLE editions ADD COLUMN stages TEXT NOT NULL DEFAULT '[]';
CREATE TABLE edition_revisions (
    index_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    published_by TEXT NOT NULL,
    reason TEXT,
    scores INTEGER NOT NULL,
    changed_scores INTEGER,
    edition_changed INTEGER,
    edition TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (index_code, year, revision),
    CONSTRAINT edition_revisions_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year)
) STRICT;
CREATE TABLE edition_revision_cohorts (
    index_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    cohort TEXT NOT NULL,
    units TEXT NOT NULL,
    PRIMARY KEY (index_code, year, revision, cohort),
    CONSTRAINT edition_revision_cohorts_revision FOREIGN KEY (index_code, year, revision)
        REFERENCES edition_revisions (index_code, year, revision)
) STRICT;
CREATE TABLE edition_revision_scores (
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    index_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT NOT NULL,
    criterion TEXT NOT NULL,
    stage TEXT NOT NULL,
    score TEXT,
    score_sort TEXT,
    published_rank INTEGER,
    applicable INTEGER NOT NULL,
    source TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    comment TEXT,
    explanation TEXT,
    evidence TEXT NOT NULL,
    PRIMARY KEY (index_code, year, revision, unit_id, criterion, stage),
    CONSTRAINT edition_revision_scores_revision FOREIGN KEY (index_code, year, revision)
        REFERENCES edition_revisions (index_code, year, revision)
) STRICT;
CREATE INDEX edition_revision_scores_by_id ON edition_revision_scores (index_code, year, revision, id);
