-- name: migration_rename
-- params: from text, to text
-- returns:
-- The notes follow a schema that gets another name.
UPDATE coffer.migration SET schema = $2 WHERE schema = $1
