-- name: position_get
-- params: model text
-- returns: sequence bigint, time_us bigint, version bigint, generation bigint, parked bigint
SELECT p.sequence, p.time_us, p.version, p.generation,
       (SELECT min(k.sequence) FROM coffer.parked k WHERE k.model = p.model) AS parked
  FROM coffer.position p
 WHERE p.model = $1
