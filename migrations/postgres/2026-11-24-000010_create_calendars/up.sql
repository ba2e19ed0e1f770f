-- Working-day calendars, and every version that each has had. Office hours and days are read and written as a
-- whole, so they are JSON. A calendar without a unit is that of all units without another one. Versions outlive
-- their calendar, because due dates keep naming them: they refer to nothing.
CREATE TABLE calendars (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" CONSTRAINT calendars_unit REFERENCES units (id),
    name TEXT COLLATE "C" NOT NULL,
    name_sort TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    hours TEXT COLLATE "C" NOT NULL,
    days TEXT COLLATE "C" NOT NULL,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendars_by_unit ON calendars (unit_id);
CREATE TABLE calendar_versions (
    calendar_id TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    unit_id TEXT COLLATE "C",
    name TEXT COLLATE "C" NOT NULL,
    hours TEXT COLLATE "C" NOT NULL,
    days TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (calendar_id, revision)
);
