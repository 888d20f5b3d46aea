-- name: position_move
-- params: model text, generation bigint, from bigint, to bigint, time_us bigint
-- returns: moved bigint
-- Divides by zero, and so ends the transaction, when the model is not where the batch began, or when
-- its tables are others by now.
WITH moved AS (
    UPDATE coffer.position SET sequence = $4, time_us = $5
     WHERE model = $1 AND generation = $2 AND sequence = $3
 RETURNING 1
)
SELECT 1 / count(*) AS moved FROM moved
