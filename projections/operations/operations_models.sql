-- name: operations_models
-- params:
-- returns: model text, sequence bigint, time_us bigint, version bigint, parked bigint, event text, reason text
-- Where each read model is, and what it stands before.
SELECT p.model, p.sequence, p.time_us, p.version, k.sequence AS parked, k.event, k.reason
  FROM coffer.position p
  LEFT JOIN coffer.parked k USING (model)
 ORDER BY p.model
