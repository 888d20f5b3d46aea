-- name: analytics_referrers
-- params: campaign uuid
-- returns: referrer text, pledges bigint, pledged bigint, dropped_out bigint
-- Where backers came from; an empty referrer is nobody's.
SELECT coalesce(referrer, '') AS referrer,
       count(*) FILTER (WHERE ended_at_us IS NULL) AS pledges,
       coalesce(sum(promised + held + captured - refund_requested - charged_back), 0)::bigint AS pledged,
       count(*) FILTER (WHERE ended_at_us IS NOT NULL) AS dropped_out
  FROM pledge
 WHERE campaign = $1 AND counted_at_us IS NOT NULL
 GROUP BY 1
 ORDER BY pledged DESC, referrer
