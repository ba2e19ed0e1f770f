-- Subscriptions. Up to (cursor_tx, cursor_id) the feed was looked through for them; what they are told of it stands in
-- `webhook_deliveries` until it is delivered. `secret` is kept readable, because each delivery is signed with it.
-- One instance at a time works on a subscription: that of `lease_owner`, until `lease_until`.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    owner_is_operator INTEGER NOT NULL,
    resources TEXT NOT NULL,
    actions TEXT NOT NULL,
    unit_id TEXT,
    secret TEXT NOT NULL,
    active INTEGER NOT NULL,
    stopped_because TEXT,
    created_at INTEGER NOT NULL,
    cursor_tx INTEGER NOT NULL,
    cursor_id INTEGER NOT NULL,
    failed_in_row INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until INTEGER,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL CONSTRAINT webhook_deliveries_webhook REFERENCES webhooks (id),
    tx INTEGER NOT NULL,
    change_id INTEGER NOT NULL,
    resource TEXT NOT NULL,
    record_id TEXT NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER,
    attempted_at INTEGER,
    finished_at INTEGER,
    response_status INTEGER,
    error TEXT
) STRICT;
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (webhook_id, status, id);
