ALTER TABLE editions DROP COLUMN overlapping_cohorts;
