DROP TABLE edition_revision_scores;
DROP TABLE edition_revision_cohorts;
DROP TABLE edition_revisions;
ALTER TABLE editions DROP COLUMN stages;
