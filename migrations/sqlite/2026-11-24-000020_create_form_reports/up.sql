-- Frozen reports: `document` is the report as it was sent, byte by byte. A row never changes; what comes out
-- otherwise later is a further revision, with what differs in `differences` (JSON).
CREATE TABLE form_reports (
    id TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT NOT NULL CONSTRAINT form_reports_unit REFERENCES units (id),
    period TEXT NOT NULL,
    calendar TEXT NOT NULL,
    revision INTEGER NOT NULL,
    frozen_at INTEGER NOT NULL,
    frozen_by TEXT NOT NULL,
    reason TEXT,
    differences TEXT NOT NULL,
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT form_reports_revision UNIQUE (unit_id, period, calendar, revision)
) STRICT;
