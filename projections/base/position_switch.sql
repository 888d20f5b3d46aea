-- name: position_switch
-- params: model text, sequence bigint, time_us bigint, version bigint
-- returns:
-- The model's rows are now those of a rebuild up to this sequence.
UPDATE coffer.position
   SET generation = generation + 1,
       previous_sequence = sequence, previous_time_us = time_us, previous_version = version,
       sequence = $2, time_us = $3, version = $4
 WHERE model = $1
