-- name: operations_notices
-- params: count bigint
-- returns: name text, type text, object text, object_status text, state text, reason text, currency text, amount bigint, received_at_us bigint
-- What providers said that is not settled: news under way, and what was put aside.
SELECT name, type, object, object_status, state, reason, currency, amount, received_at_us
  FROM provider_notice
 WHERE state <> 'settled'
 ORDER BY received_at_us, notice
 LIMIT $1
