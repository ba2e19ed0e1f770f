ALTER TABLE changes DROP COLUMN request_id;
ALTER TABLE changes DROP COLUMN source;
ALTER TABLE changes DROP COLUMN caller_id;
