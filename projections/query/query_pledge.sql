-- name: query_pledge
-- params: pledge uuid
-- returns: pledge uuid, campaign uuid, backer uuid, reward uuid, state text, status text, currency text, amount bigint, shipping bigint, captured bigint, refunded bigint, decline text, created_at_us bigint, captured_at_us bigint, intent text, sequence bigint
-- One pledge.
SELECT pledge, campaign, backer, reward, state, status, currency, amount, shipping, captured,
       refunded, decline, created_at_us, captured_at_us, intent, sequence
  FROM pledge
 WHERE pledge = $1::uuid
