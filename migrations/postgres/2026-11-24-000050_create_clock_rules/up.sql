-- How the clocks of units treat pauses and withdrawals. `unit_id`: none for all units. `valid_from`: first day; none
-- from the beginning. A unit without a rule follows the nearest unit above that has one.
CREATE TABLE clock_rules (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    unit_id TEXT COLLATE "C" CONSTRAINT clock_rules_unit REFERENCES units (id),
    valid_from DATE,
    supplement TEXT COLLATE "C" NOT NULL,
    financial_duty TEXT COLLATE "C" NOT NULL,
    withdrawn_counts_as TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX clock_rules_by_unit ON clock_rules (unit_id);
