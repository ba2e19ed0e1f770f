ALTER TABLE index_scores DROP COLUMN evidence;
ALTER TABLE index_scores DROP COLUMN explanation;
ALTER TABLE index_scores DROP COLUMN comment;
