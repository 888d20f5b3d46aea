-- name: position_roll_back
-- params: model text
-- returns:
-- The model's rows are now those that the last rebuild replaced, as of then.
UPDATE coffer.position
   SET generation = generation + 1,
       sequence = previous_sequence, time_us = previous_time_us, version = previous_version,
       previous_sequence = NULL, previous_time_us = NULL, previous_version = NULL
 WHERE model = $1
