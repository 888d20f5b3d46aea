-- name: query_stretch_goals
-- params: campaign uuid
-- returns: level bigint, threshold bigint, title bytea, title_key text, unlocked_at_us bigint
-- A campaign's stretch goals, lowest first.
SELECT level, threshold, title, title_key, unlocked_at_us
  FROM stretch_goal
 WHERE campaign = $1::uuid
 ORDER BY level
