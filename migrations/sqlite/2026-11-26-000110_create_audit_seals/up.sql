-- Seals of the change log: each covers the entries behind the one before it up to (last_tx, last_id), in the feed's
-- order. `hash` is over the previous seal's hash, this row and the digest of these entries; `marks` is this digest, and
-- names each entry with the beginning of its own hash, so that a difference can be told by its entry. The entries of a
-- seal that has `purged_at` are gone, and of its `marks` the digest is left.
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
