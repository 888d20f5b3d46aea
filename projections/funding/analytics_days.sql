-- name: analytics_days
-- params: campaign uuid
-- returns: starts_at_us bigint, pledged bigint, collected bigint, pledges bigint, dropped_out bigint
-- What each day (UTC) brought; a day without news has no row.
SELECT hour / 24 * 86400000000 AS starts_at_us, sum(pledged)::bigint AS pledged,
       sum(collected)::bigint AS collected, sum(pledges)::bigint AS pledges,
       sum(dropped_out)::bigint AS dropped_out
  FROM funding_hour
 WHERE campaign = $1
 GROUP BY hour / 24
 ORDER BY starts_at_us
