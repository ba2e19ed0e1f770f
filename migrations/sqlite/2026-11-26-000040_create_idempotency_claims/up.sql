-- Idempotency keys in use. The id is a digest of the caller and the key; `request` is one of method, address and media
-- type, `body` one of the body (none while it is still coming in). A claim is `running`, then `committed` by the
-- transaction of its effect, then `answered`. Its owner renews the lease while it lives.
CREATE TABLE idempotency_claims (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    request TEXT NOT NULL,
    body TEXT,
    state TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    record TEXT,
    answer_status INTEGER,
    answer_headers TEXT,
    answer_body TEXT
) STRICT;
CREATE INDEX idempotency_claims_by_age ON idempotency_claims (claimed_at);
