ALTER TABLE imports DROP COLUMN caller_id;
