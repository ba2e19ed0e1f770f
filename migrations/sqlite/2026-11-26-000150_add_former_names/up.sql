-- Names that a unit bore before, as JSON, by day: each until, and not including, its day; null where there are none. They
-- are read with the unit and refer to nothing; `search` holds them as well.
ALTER TABLE units ADD COLUMN former_names TEXT;
