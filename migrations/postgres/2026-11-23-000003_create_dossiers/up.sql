-- Times are microseconds since 1970-01-01T00:00Z. `received_on`, `due_on` and `closed_on` are the Vietnamese
-- days of them and `result` how the dossier was closed: derived with every write, for the statistics.
CREATE TABLE dossiers (
    code TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT dossiers_unit REFERENCES units (id),
    received_by_unit_id TEXT COLLATE "C" CONSTRAINT dossiers_received_by_unit REFERENCES units (id),
    procedure_code TEXT COLLATE "C",
    field TEXT COLLATE "C",
    submitted_via TEXT COLLATE "C" NOT NULL,
    online_level TEXT COLLATE "C",
    returned_via TEXT COLLATE "C",
    interlinked BOOLEAN NOT NULL,
    synthetic BOOLEAN NOT NULL,
    submitted_at BIGINT,
    accepted_at BIGINT,
    first_due_at BIGINT,
    due_at BIGINT,
    re_appointed_to BIGINT,
    finished_at BIGINT,
    returned_at BIGINT,
    status INTEGER NOT NULL,
    received_on DATE,
    due_on DATE,
    closed_on DATE,
    result TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX dossiers_by_unit ON dossiers (unit_id, code);
CREATE INDEX dossiers_by_unit_received ON dossiers (unit_id, received_on);
CREATE INDEX dossiers_by_accepted ON dossiers (accepted_at, code);
CREATE INDEX dossiers_by_received_by_unit ON dossiers (received_by_unit_id) WHERE received_by_unit_id IS NOT NULL;
-- What statistics count by, in the order in which they group: the counts are read from these alone.
CREATE INDEX dossiers_by_reception ON dossiers (unit_id, field, submitted_via, interlinked, synthetic, received_on);
CREATE INDEX dossiers_by_closing ON dossiers (unit_id, field, result, returned_via, closed_on);
