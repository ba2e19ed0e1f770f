ALTER TABLE editions DROP COLUMN rescale_not_applicable;
