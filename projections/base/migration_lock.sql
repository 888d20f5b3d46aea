-- name: migration_lock
-- params:
-- returns: locked boolean
-- Whoever migrates waits here for whoever does already; released at the transaction's end.
SELECT pg_advisory_xact_lock(7161990, 0) IS NOT NULL AS locked
