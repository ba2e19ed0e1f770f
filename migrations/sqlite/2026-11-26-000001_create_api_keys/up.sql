-- Keys of callers. A key is kept as the SHA-256 of a long random secret, of which it has two at most while it is
-- rotated. `unit_tree` counts the writes of units: what a key reaches is worked out again when it has moved.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    unit_id TEXT CONSTRAINT api_keys_unit REFERENCES units (id),
    partial_predecessors TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_unit ON api_keys (unit_id);
CREATE TABLE api_key_secrets (
    hash TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL CONSTRAINT api_key_secrets_key REFERENCES api_keys (id),
    position INTEGER NOT NULL,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at INTEGER
) STRICT;
CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);
CREATE TABLE unit_tree (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO unit_tree (id, version) VALUES (1, 0);
