-- name: migration_get
-- params: schema text, number bigint
-- returns: hash bytea
SELECT hash FROM coffer.migration WHERE schema = $1 AND number = $2
