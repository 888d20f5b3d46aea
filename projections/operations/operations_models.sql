-- name: operations_models
-- params: head bigint
-- returns: model text, sequence bigint, time_us bigint, version bigint, lag bigint, parked bigint, event text, reason text
-- Where each read model is, how many records behind the head (unknown: NULL), and what it stands before.
SELECT p.model, p.sequence, p.time_us, p.version,
       CASE WHEN $1::bigint IS NOT NULL THEN greatest($1::bigint - p.sequence, 0) END AS lag,
       k.sequence AS parked, k.event, k.reason
  FROM coffer.position p
  LEFT JOIN coffer.parked k USING (model)
 ORDER BY p.model
