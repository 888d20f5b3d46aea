-- name: position_move
-- params: model text, from bigint, to bigint, time_us bigint
-- returns: moved bigint
-- Divides by zero, and so ends the transaction, when the model is not where the batch began.
WITH moved AS (
    UPDATE coffer.position SET sequence = $3, time_us = $4
     WHERE model = $1 AND sequence = $2
 RETURNING 1
)
SELECT 1 / count(*) AS moved FROM moved
