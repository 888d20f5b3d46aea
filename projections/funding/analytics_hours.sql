-- name: analytics_hours
-- params: campaign uuid, from_hour bigint, to_hour bigint
-- returns: hour bigint, pledged bigint, collected bigint, pledges bigint, dropped_out bigint
-- What each hour brought; an hour without news has no row.
SELECT hour, pledged, collected, pledges, dropped_out
  FROM funding_hour
 WHERE campaign = $1 AND hour >= $2 AND hour < $3
 ORDER BY hour
