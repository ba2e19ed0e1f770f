-- What was published: a revision holds the edition, its scores and the units of its cohorts as they were. Rows are
-- added and never change. `stages` of an edition are the steps of its cycle (JSON), each with who took it and when.
-- The scores have the columns of index_scores, so that both are listed alike; units are not referred to, because a
-- revision holds their names itself.
ALTER TABLE editions ADD COLUMN stages TEXT COLLATE "C" NOT NULL DEFAULT '[]';
CREATE TABLE edition_revisions (
    index_code TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    published_at BIGINT NOT NULL,
    published_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    scores BIGINT NOT NULL,
    changed_scores BIGINT,
    edition_changed BOOLEAN,
    edition TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (index_code, year, revision),
    CONSTRAINT edition_revisions_edition FOREIGN KEY (index_code, year) REFERENCES editions (index_code, year)
);
CREATE TABLE edition_revision_cohorts (
    index_code TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    cohort TEXT COLLATE "C" NOT NULL,
    units TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (index_code, year, revision, cohort),
    CONSTRAINT edition_revision_cohorts_revision FOREIGN KEY (index_code, year, revision)
        REFERENCES edition_revisions (index_code, year, revision)
);
CREATE TABLE edition_revision_scores (
    revision INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    index_code TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    unit_id TEXT COLLATE "C" NOT NULL,
    criterion TEXT COLLATE "C" NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    score TEXT COLLATE "C",
    score_sort TEXT COLLATE "C",
    published_rank INTEGER,
    applicable BOOLEAN NOT NULL,
    source TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    comment TEXT COLLATE "C",
    explanation TEXT COLLATE "C",
    evidence TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (index_code, year, revision, unit_id, criterion, stage),
    CONSTRAINT edition_revision_scores_revision FOREIGN KEY (index_code, year, revision)
        REFERENCES edition_revisions (index_code, year, revision)
);
CREATE INDEX edition_revision_scores_by_id ON edition_revision_scores (index_code, year, revision, id);
