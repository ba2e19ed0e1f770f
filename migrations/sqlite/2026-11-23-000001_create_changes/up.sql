-- The change log: append-only, written in the transaction of the change itself. It is the audit trail, the
-- history of each record and the feed of other systems. `id` is the change number that ETags are made of.
CREATE TABLE changes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tx INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    resource TEXT NOT NULL,
    record_id TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT,
    before TEXT
) STRICT;
CREATE INDEX changes_by_record ON changes (resource, record_id, id);
CREATE INDEX changes_by_feed ON changes (tx, id);
