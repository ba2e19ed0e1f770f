-- Times are microseconds since 1970-01-01T00:00Z. `received_on`, `due_on` and `closed_on` are the Vietnamese
-- days of them and `result` how the dossier was closed: derived with every write, for the statistics.
CREATE TABLE dossiers (
    code TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT NOT NULL CONSTRAINT dossiers_unit REFERENCES units (id),
    received_by_unit_id TEXT CONSTRAINT dossiers_received_by_unit REFERENCES units (id),
    procedure_code TEXT,
    field TEXT,
    submitted_via TEXT NOT NULL,
    online_level TEXT,
    returned_via TEXT,
    interlinked INTEGER NOT NULL,
    synthetic INTEGER NOT NULL,
    submitted_at INTEGER,
    accepted_at INTEGER,
    first_due_at INTEGER,
    due_at INTEGER,
    re_appointed_to INTEGER,
    finished_at INTEGER,
    returned_at INTEGER,
    status INTEGER NOT NULL,
    received_on TEXT,
    due_on TEXT,
    closed_on TEXT,
    result TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX dossiers_by_unit ON dossiers (unit_id, code);
CREATE INDEX dossiers_by_unit_received ON dossiers (unit_id, received_on);
CREATE INDEX dossiers_by_accepted ON dossiers (accepted_at, code);
CREATE INDEX dossiers_by_received_by_unit ON dossiers (received_by_unit_id) WHERE received_by_unit_id IS NOT NULL;
-- What statistics count by, in the order in which they group: the counts are read from these alone.
CREATE INDEX dossiers_by_reception ON dossiers (unit_id, field, submitted_via, interlinked, synthetic, received_on);
CREATE INDEX dossiers_by_closing ON dossiers (unit_id, field, result, returned_via, closed_on);
