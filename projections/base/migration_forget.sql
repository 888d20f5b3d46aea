-- name: migration_forget
-- params: schema text
-- returns:
DELETE FROM coffer.migration WHERE schema = $1
