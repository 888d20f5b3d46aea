-- name: position_hold
-- params: model text
-- returns: sequence bigint, time_us bigint, previous_sequence bigint, has_previous boolean
-- Keeps everybody else from moving the model until the transaction ends.
SELECT sequence, time_us, coalesce(previous_sequence, 0) AS previous_sequence,
       previous_sequence IS NOT NULL AS has_previous
  FROM coffer.position WHERE model = $1 FOR UPDATE
