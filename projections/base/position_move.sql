-- name: position_move
-- params: model text, generation bigint, from bigint, to bigint, time_us bigint
-- returns: moved bigint
-- Fails, and so ends the transaction, when the model is not where the batch began, or when its tables
-- are others by now: the words are no number.
WITH moved AS (
    UPDATE coffer.position SET sequence = $4, time_us = $5
     WHERE model = $1 AND generation = $2 AND sequence = $3
 RETURNING 1
)
SELECT CASE count(*)
       WHEN 1 THEN 1
       ELSE ('the read model was moved or rebuilt meanwhile; rows: ' || count(*))::bigint
       END AS moved
  FROM moved
