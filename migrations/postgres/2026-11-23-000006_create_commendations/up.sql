-- `identity` tells a recipient from others: the folded name, or the unit of an unnamed collective.
-- `number_key` is issuer, number and year of a dated decision: unique, and kept when the decision is annulled.
CREATE TABLE commendations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    decision_number TEXT COLLATE "C",
    decided_on DATE,
    number_key TEXT COLLATE "C" CONSTRAINT commendations_number UNIQUE,
    issuer_unit_id TEXT COLLATE "C" NOT NULL CONSTRAINT commendations_issuer REFERENCES units (id),
    form TEXT COLLATE "C" NOT NULL,
    ground TEXT COLLATE "C" NOT NULL,
    achievement_year INTEGER NOT NULL,
    annulled_at BIGINT,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX commendations_by_issuer ON commendations (issuer_unit_id, achievement_year);
CREATE TABLE commendation_recipients (
    commendation_id TEXT COLLATE "C" NOT NULL CONSTRAINT commendation_recipients_commendation REFERENCES commendations (id),
    position INTEGER NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    identity TEXT COLLATE "C",
    unit_id TEXT COLLATE "C" CONSTRAINT commendation_recipients_unit REFERENCES units (id),
    count INTEGER NOT NULL,
    PRIMARY KEY (commendation_id, position)
);
CREATE INDEX commendation_recipients_by_identity ON commendation_recipients (identity);
CREATE INDEX commendation_recipients_by_unit ON commendation_recipients (unit_id);
