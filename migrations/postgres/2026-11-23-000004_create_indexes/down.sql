DROP TABLE edition_units;
DROP TABLE editions;
DROP TABLE indexes;
