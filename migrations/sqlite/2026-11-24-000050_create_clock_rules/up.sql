-- How the clocks of units treat pauses and withdrawals. `unit_id`: none for all units. `valid_from`: first day; none
-- from the beginning. A unit without a rule follows the nearest unit above that has one.
CREATE TABLE clock_rules (
    id TEXT NOT NULL PRIMARY KEY,
    unit_id TEXT CONSTRAINT clock_rules_unit REFERENCES units (id),
    valid_from TEXT,
    supplement TEXT NOT NULL,
    financial_duty TEXT NOT NULL,
    withdrawn_counts_as TEXT NOT NULL,
    source TEXT,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX clock_rules_by_unit ON clock_rules (unit_id);
