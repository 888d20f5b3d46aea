-- name: query_rewards
-- params: campaign uuid
-- returns: reward uuid, title bytea, description bytea, minimum bigint, stock_limit bigint, per_backer_limit bigint, shipping bigint, needs_address boolean, ships_at_us bigint, is_withdrawn boolean, claimed bigint
-- A campaign's rewards with their stock, cheapest first, without texts where the creator was erased.
SELECT r.reward, CASE WHEN p.erased_at_us IS NULL THEN r.title END AS title,
       CASE WHEN p.erased_at_us IS NULL THEN r.description END AS description, r.minimum, r.stock_limit,
       r.per_backer_limit, r.shipping, r.needs_address, r.ships_at_us, r.is_withdrawn,
       coalesce(t.claimed, 0) AS claimed
  FROM reward r
  JOIN campaign c USING (campaign)
  LEFT JOIN person p ON p.person = c.creator
  LEFT JOIN reward_total t USING (reward)
 WHERE r.campaign = $1::uuid
 ORDER BY r.minimum, r.added_at_sequence
