-- name: position_lock
-- params: model text
-- returns: done boolean
SELECT pg_try_advisory_lock(7161991, hashtext($1)) AS done
