-- What a score was computed from, as JSON; null for one that somebody gave. Whether points without a survey are
-- scaled up, as the edition says.
ALTER TABLE index_scores ADD COLUMN computation TEXT;
ALTER TABLE editions ADD COLUMN rescale_without_survey INTEGER NOT NULL DEFAULT 0;
