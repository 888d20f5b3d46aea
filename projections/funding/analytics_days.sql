-- name: analytics_days
-- params: campaign uuid, from_hour bigint, to_hour bigint
-- returns: day bigint, pledged bigint, collected bigint, pledges bigint, dropped_out bigint
-- What each day (UTC) brought; a day's number counts from 1970-01-01.
SELECT hour / 24 AS day, sum(pledged)::bigint AS pledged, sum(collected)::bigint AS collected,
       sum(pledges)::bigint AS pledges, sum(dropped_out)::bigint AS dropped_out
  FROM funding_hour
 WHERE campaign = $1 AND hour >= $2 AND hour < $3
 GROUP BY hour / 24
 ORDER BY day
