-- `waited`: a wait for the applicant moved the due date. Where a calendar is counted with again, these are looked
-- through for the waits that it counted, whoever gave the date before.
ALTER TABLE dossiers ADD COLUMN waited BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE dossiers SET waited = TRUE WHERE history LIKE '%"paused_at":%';
CREATE INDEX dossiers_waited ON dossiers (code) WHERE waited;
