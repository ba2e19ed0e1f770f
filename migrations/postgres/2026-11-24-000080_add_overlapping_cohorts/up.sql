-- Whether a unit may be ranked in more than one cohort of the edition.
ALTER TABLE editions ADD COLUMN overlapping_cohorts BOOLEAN NOT NULL DEFAULT FALSE;
