-- What assessors and units say beside a score, and links to what proves it (JSON: a list of title and url).
ALTER TABLE index_scores ADD COLUMN comment TEXT COLLATE "C";
ALTER TABLE index_scores ADD COLUMN explanation TEXT COLLATE "C";
ALTER TABLE index_scores ADD COLUMN evidence TEXT COLLATE "C" NOT NULL DEFAULT '[]';
