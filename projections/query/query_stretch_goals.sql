-- name: query_stretch_goals
-- params: campaign uuid
-- returns: level bigint, threshold bigint, title bytea, unlocked_at_us bigint
-- A campaign's stretch goals, lowest first, without titles where the creator was erased.
SELECT s.level, s.threshold, CASE WHEN p.erased_at_us IS NULL THEN s.title END AS title, s.unlocked_at_us
  FROM stretch_goal s
  JOIN campaign c USING (campaign)
  LEFT JOIN person p ON p.person = c.creator
 WHERE s.campaign = $1::uuid
 ORDER BY s.level
