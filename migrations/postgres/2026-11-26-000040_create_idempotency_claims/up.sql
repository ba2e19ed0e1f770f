-- Idempotency keys in use. The id is a digest of the caller and the key; `request` is one of method, address and media
-- type, `body` one of the body (none while it is still coming in). A claim is `running`, then `committed` by the
-- transaction of its effect, then `answered`. Its owner renews the lease while it lives.
CREATE TABLE idempotency_claims (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    claimed_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    record TEXT COLLATE "C",
    answer_status INTEGER,
    answer_headers TEXT COLLATE "C",
    answer_body TEXT COLLATE "C"
);
CREATE INDEX idempotency_claims_by_age ON idempotency_claims (claimed_at);
