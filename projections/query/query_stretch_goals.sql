-- name: query_stretch_goals
-- params: campaign uuid
-- returns: level bigint, threshold bigint, title bytea, unlocked_at_us bigint
-- A campaign's stretch goals, lowest first.
SELECT level, threshold, title, unlocked_at_us
  FROM stretch_goal
 WHERE campaign = $1::uuid
 ORDER BY level
