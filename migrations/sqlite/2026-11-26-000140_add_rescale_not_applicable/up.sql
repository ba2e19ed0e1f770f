-- Whether the points of a unit to which some criteria do not apply are scaled up to the maximum of other units.
ALTER TABLE editions ADD COLUMN rescale_not_applicable INTEGER NOT NULL DEFAULT 0;
