-- name: migration_note
-- params: schema text, number bigint, name text, hash bytea
-- returns:
INSERT INTO coffer.migration (schema, number, name, hash) VALUES ($1, $2, $3, $4)
