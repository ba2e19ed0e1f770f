DROP INDEX dossiers_waited;
ALTER TABLE dossiers DROP COLUMN waited;
