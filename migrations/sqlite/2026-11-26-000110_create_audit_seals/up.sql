-- Seals of the change log: each covers the entries behind the one before it up to (last_tx, last_id), in the feed's
-- order. `hash` is over the previous seal's hash and these entries; `marks` names each entry with the beginning of
-- its own hash, so that a difference can be told by its entry. The entries of a seal that has `purged_at` are gone.
CREATE TABLE audit_seals (
    number INTEGER NOT NULL PRIMARY KEY,
    last_tx INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    marks TEXT NOT NULL,
    hash TEXT NOT NULL,
    newest_at INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL,
    purged_at INTEGER
) STRICT;
