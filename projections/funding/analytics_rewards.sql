-- name: analytics_rewards
-- params: campaign uuid
-- returns: reward uuid, claimed bigint, pledges bigint, pledged bigint, average bigint
-- What each reward brought; pledges without a reward are the row without one. What counts is as in
-- analytics_summary.
SELECT reward, claimed, pledges, pledged, CASE WHEN pledges > 0 THEN pledged / pledges ELSE 0 END AS average
  FROM (SELECT reward, claimed, pledges, pledged FROM reward_total WHERE campaign = $1
        UNION ALL
        SELECT NULL, 0, count(*), coalesce(sum(pledged), 0)::bigint
          FROM (SELECT promised + held + captured - refund_requested - charged_back AS pledged
                  FROM pledge
                 WHERE campaign = $1 AND reward IS NULL AND ended_at_us IS NULL) bare
         WHERE pledged > 0) either
 ORDER BY pledged DESC, reward
