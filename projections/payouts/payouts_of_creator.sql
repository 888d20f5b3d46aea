-- name: payouts_of_creator
-- params: creator uuid, before_place bigint, count bigint
-- returns: payout uuid, campaign uuid, state text, currency text, amount bigint, reason text, attempt bigint, requested_at_us bigint, paid_at_us bigint, place bigint
-- A creator's payouts, the newest first, from before a place on.
SELECT payout, campaign, state, currency, amount, reason, attempt, requested_at_us, paid_at_us,
       requested_at_sequence AS place
  FROM payout
 WHERE creator = $1 AND requested_at_sequence < $2
 ORDER BY requested_at_sequence DESC
 LIMIT $3
