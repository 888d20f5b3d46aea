-- name: analytics_referrers
-- params: campaign uuid
-- returns: referrer text, pledges bigint, pledged bigint, dropped_out bigint
-- Where backers came from; an empty referrer is nobody's. What counts is as in analytics_summary.
SELECT coalesce(referrer, '') AS referrer,
       count(*) FILTER (WHERE ended_at_us IS NULL AND pledged > 0) AS pledges,
       coalesce(sum(pledged), 0)::bigint AS pledged,
       count(*) FILTER (WHERE ended_at_us IS NOT NULL) AS dropped_out
  FROM (SELECT *, promised + held + captured - refund_requested - charged_back AS pledged
          FROM pledge WHERE campaign = $1 AND counted_at_us IS NOT NULL) mine
 GROUP BY 1
 ORDER BY pledged DESC, referrer
