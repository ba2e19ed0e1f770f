-- Who exactly, and from where: the id of the key or token, the address that the request came from, and its id.
ALTER TABLE changes ADD COLUMN caller_id TEXT COLLATE "C";
ALTER TABLE changes ADD COLUMN source TEXT COLLATE "C";
ALTER TABLE changes ADD COLUMN request_id TEXT COLLATE "C";

-- A transaction gets its number when it writes first, and may then wait for a record that a younger one holds: its
-- change of that record comes later and has the lower number. So an entry's `tx` is never below that of the record's
-- entry before it. It stays at or above the writer's own number, so that a reader who waits until no transaction
-- up to `tx` runs still misses nothing.
CREATE FUNCTION changes_follow_their_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.tx := GREATEST(NEW.tx, (SELECT c.tx FROM changes c
        WHERE c.resource = NEW.resource AND c.record_id = NEW.record_id ORDER BY c.id DESC LIMIT 1));
    RETURN NEW;
END $$;
CREATE TRIGGER changes_follow_their_record BEFORE INSERT ON changes
    FOR EACH ROW EXECUTE FUNCTION changes_follow_their_record();

-- A database that was restored into another cluster meets transactions with lower numbers than its entries have: the
-- service then raises this, so that the feed goes on behind them (`store/changes.rs`).
CREATE FUNCTION changes_tx_offset() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint';
ALTER TABLE changes ALTER COLUMN tx SET DEFAULT (pg_current_xact_id()::text::bigint + changes_tx_offset());
