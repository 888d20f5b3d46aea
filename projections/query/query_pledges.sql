-- name: query_pledges
-- params: backer uuid, before bigint, count_max bigint
-- returns: pledge uuid, campaign uuid, reward uuid, state text, status text, currency text, amount bigint, shipping bigint, captured bigint, refunded bigint, decline text, created_at_us bigint, captured_at_us bigint, created_at_sequence bigint, sequence bigint
-- A backer's pledges, newest first, before a sequence.
SELECT pledge, campaign, reward, state, status, currency, amount, shipping, captured, refunded,
       decline, created_at_us, captured_at_us, created_at_sequence, sequence
  FROM pledge
 WHERE backer = $1::uuid AND created_at_sequence < $2::bigint
 ORDER BY created_at_sequence DESC
 LIMIT $3::bigint
