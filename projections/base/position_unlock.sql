-- name: position_unlock
-- params: model text
-- returns: done boolean
SELECT pg_advisory_unlock(7161991, hashtext($1)) AS done
