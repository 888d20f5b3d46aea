-- name: position_unpark
-- params: model text
-- returns:
DELETE FROM coffer.parked WHERE model = $1
