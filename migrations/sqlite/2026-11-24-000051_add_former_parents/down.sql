DROP TABLE unit_former_parents;
ALTER TABLE units DROP COLUMN moved;
