-- name: query_position
-- params:
-- returns: sequence bigint
-- The record up to which every read model has come.
SELECT coalesce(min(sequence), 0) AS sequence FROM coffer.position
