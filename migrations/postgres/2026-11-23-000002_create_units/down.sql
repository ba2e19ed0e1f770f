DROP TABLE unit_successors;
DROP TABLE units;
