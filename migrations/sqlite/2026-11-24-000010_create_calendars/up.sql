-- Working-day calendars, and every version that each has had. Office hours and days are read and written as a
-- whole, so they are JSON. A calendar without a unit is that of all units without another one. Versions outlive
-- their calendar, because due dates keep naming them: they refer to nothing.
CREATE TABLE calendars (
    id TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT CONSTRAINT calendars_unit REFERENCES units (id),
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    revision INTEGER NOT NULL,
    hours TEXT NOT NULL,
    days TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calendars_by_unit ON calendars (unit_id);
CREATE TABLE calendar_versions (
    calendar_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    unit_id TEXT,
    name TEXT NOT NULL,
    hours TEXT NOT NULL,
    days TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (calendar_id, revision)
) STRICT;
