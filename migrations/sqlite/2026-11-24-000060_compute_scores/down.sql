ALTER TABLE editions DROP COLUMN rescale_without_survey;
ALTER TABLE index_scores DROP COLUMN computation;
