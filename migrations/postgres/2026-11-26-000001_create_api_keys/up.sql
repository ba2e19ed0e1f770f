-- Keys of callers. A key is kept as the SHA-256 of a long random secret, of which it has two at most while it is
-- rotated. `unit_tree` counts the writes of units: what a key reaches is worked out again when it has moved.
CREATE TABLE api_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    unit_id TEXT COLLATE "C" CONSTRAINT api_keys_unit REFERENCES units (id),
    partial_predecessors TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    search TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX api_keys_by_unit ON api_keys (unit_id);
CREATE TABLE api_key_secrets (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    key_id TEXT COLLATE "C" NOT NULL CONSTRAINT api_key_secrets_key REFERENCES api_keys (id),
    position INTEGER NOT NULL,
    hint TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT
);
CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);
CREATE TABLE unit_tree (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO unit_tree (id, version) VALUES (1, 0);
