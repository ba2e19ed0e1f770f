-- Who exactly, and from where: the id of the key or token, the address that the request came from, and its id.
ALTER TABLE changes ADD COLUMN caller_id TEXT;
ALTER TABLE changes ADD COLUMN source TEXT;
ALTER TABLE changes ADD COLUMN request_id TEXT;
