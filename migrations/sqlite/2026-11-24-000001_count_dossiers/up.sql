-- `recorded_at`: when the service was told of the present status and times. `history`: events, moves of the due
-- date and transfers as JSON, where more is known than the times tell. `anomalous`: the history has a step that
-- the transition table doesn't know. `transferred`: another unit had it before.
ALTER TABLE dossiers ADD COLUMN due_derived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dossiers ADD COLUMN due_calendar_id TEXT;
ALTER TABLE dossiers ADD COLUMN due_calendar_version INTEGER;
ALTER TABLE dossiers ADD COLUMN recorded_at INTEGER;
ALTER TABLE dossiers ADD COLUMN anomalous INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dossiers ADD COLUMN transferred INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dossiers ADD COLUMN history TEXT;
UPDATE dossiers SET recorded_at = (SELECT at FROM changes WHERE id = version);
DROP INDEX dossiers_by_reception;
DROP INDEX dossiers_by_closing;
DROP INDEX dossiers_by_unit_received;
CREATE INDEX dossiers_by_unit_accepted ON dossiers (unit_id, accepted_at, code);
CREATE INDEX dossiers_anomalous ON dossiers (code) WHERE anomalous;
CREATE INDEX dossiers_by_due_calendar ON dossiers (due_calendar_id, code) WHERE due_calendar_id IS NOT NULL;
-- What the statistics count: flows by unit and day (grain 1) and month (2), and their running totals at the end
-- of each year (3). `totals` are the counts of the unit, `cells` the same by field and channel.
CREATE TABLE dossier_sums (
    unit_id TEXT NOT NULL,
    grain INTEGER NOT NULL,
    starts_on TEXT NOT NULL,
    totals BLOB NOT NULL,
    cells BLOB NOT NULL,
    PRIMARY KEY (unit_id, grain, starts_on)
) STRICT;
-- What the last writes counted (`number` dossiers) and the sums don't hold yet: written with the dossier, folded into the sums soon
-- after. Statistics are the sums and these together.
CREATE TABLE dossier_tail (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL,
    facts BLOB NOT NULL
) STRICT;
-- One row while the sums have yet to be counted from dossiers that were there before them.
CREATE TABLE dossier_uncounted (
    id INTEGER NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO dossier_uncounted (id) VALUES (1);
