-- name: rebuild_lock
-- params:
-- returns: locked boolean
-- One rebuild at a time: they share the shadow schemas.
SELECT pg_try_advisory_lock(7161992, 0) AS locked
