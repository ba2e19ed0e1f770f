-- `identity` tells a recipient from others: the folded name, or the unit of an unnamed collective.
-- `number_key` is issuer, number and year of a dated decision: unique, and kept when the decision is annulled.
CREATE TABLE commendations (
    id TEXT NOT NULL PRIMARY KEY,
    decision_number TEXT,
    decided_on TEXT,
    number_key TEXT CONSTRAINT commendations_number UNIQUE,
    issuer_unit_id TEXT NOT NULL CONSTRAINT commendations_issuer REFERENCES units (id),
    form TEXT NOT NULL,
    ground TEXT NOT NULL,
    achievement_year INTEGER NOT NULL,
    annulled_at INTEGER,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX commendations_by_issuer ON commendations (issuer_unit_id, achievement_year);
CREATE TABLE commendation_recipients (
    commendation_id TEXT NOT NULL CONSTRAINT commendation_recipients_commendation REFERENCES commendations (id),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    identity TEXT,
    unit_id TEXT CONSTRAINT commendation_recipients_unit REFERENCES units (id),
    count INTEGER NOT NULL,
    PRIMARY KEY (commendation_id, position)
) STRICT;
CREATE INDEX commendation_recipients_by_identity ON commendation_recipients (identity);
CREATE INDEX commendation_recipients_by_unit ON commendation_recipients (unit_id);
