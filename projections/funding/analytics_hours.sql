-- name: analytics_hours
-- params: campaign uuid, before_hour bigint, count bigint
-- returns: hour bigint, starts_at_us bigint, pledged bigint, collected bigint, pledges bigint, dropped_out bigint
-- What each hour brought, the newest first, before an hour (counted from 1970); one without news has no row.
SELECT hour, hour * 3600000000 AS starts_at_us, pledged, collected, pledges, dropped_out
  FROM funding_hour
 WHERE campaign = $1 AND hour < $2
 ORDER BY hour DESC
 LIMIT $3
