-- Subscriptions. Up to (cursor_tx, cursor_id) the feed was looked through for them; what they are told of it stands in
-- `webhook_deliveries` until it is delivered. `secret` is kept readable, because each delivery is signed with it.
-- One instance at a time works on a subscription: that of `lease_owner`, until `lease_until`.
CREATE TABLE webhooks (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    url TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C" NOT NULL,
    owner_name TEXT COLLATE "C" NOT NULL,
    owner_is_operator BOOLEAN NOT NULL,
    resources TEXT COLLATE "C" NOT NULL,
    actions TEXT COLLATE "C" NOT NULL,
    unit_id TEXT COLLATE "C",
    secret TEXT COLLATE "C" NOT NULL,
    active BOOLEAN NOT NULL,
    stopped_because TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    cursor_tx BIGINT NOT NULL,
    cursor_id BIGINT NOT NULL,
    failed_in_row INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT COLLATE "C",
    lease_until BIGINT,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    webhook_id TEXT COLLATE "C" NOT NULL CONSTRAINT webhook_deliveries_webhook REFERENCES webhooks (id),
    tx BIGINT NOT NULL,
    change_id BIGINT NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    record_id TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT,
    attempted_at BIGINT,
    finished_at BIGINT,
    response_status INTEGER,
    error TEXT COLLATE "C"
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (webhook_id, status, id);
