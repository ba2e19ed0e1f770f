ALTER TABLE changes ALTER COLUMN tx SET DEFAULT (pg_current_xact_id()::text::bigint);
DROP FUNCTION changes_tx_offset();
DROP TRIGGER changes_follow_their_record ON changes;
DROP FUNCTION changes_follow_their_record();
ALTER TABLE changes DROP COLUMN request_id;
ALTER TABLE changes DROP COLUMN source;
ALTER TABLE changes DROP COLUMN caller_id;
