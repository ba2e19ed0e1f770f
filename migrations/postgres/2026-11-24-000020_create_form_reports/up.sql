-- Frozen reports: `document` is the report as it was sent, byte by byte. A row never changes; what comes out
-- otherwise later is a further revision, with what differs in `differences` (JSON).
CREATE TABLE form_reports (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT form_reports_unit REFERENCES units (id),
    period TEXT COLLATE "C" NOT NULL,
    calendar TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    frozen_at BIGINT NOT NULL,
    frozen_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    differences TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT form_reports_revision UNIQUE (unit_id, period, calendar, revision)
);
