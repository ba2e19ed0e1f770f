-- Whose an import is: the id of the key, or of the token and what was granted with it, because names are not
-- unique.
ALTER TABLE imports ADD COLUMN caller_id TEXT COLLATE "C";
