-- name: analytics_summary
-- params: campaign uuid
-- returns: currency text, pledges bigint, pledged bigint, average bigint, median bigint, largest bigint, backers_new bigint, backers_returning bigint, dropped_out bigint, dropped_out_amount bigint, abandoned bigint
-- A campaign's pledges at a glance. What counts is what a pledge still brings; one that ended or was paid
-- back counts no more. A backer is returning who has backed another campaign before this one.
WITH mine AS (
    SELECT *, promised + held + captured - refund_requested - charged_back AS pledged
      FROM pledge WHERE campaign = $1
), standing AS (
    SELECT * FROM mine WHERE ended_at_us IS NULL AND pledged > 0
), backers AS (
    SELECT backer, min(counted_at_us) AS first_at_us FROM standing GROUP BY backer
), returning_backers AS (
    SELECT count(*) AS count
      FROM backers m
     WHERE EXISTS (SELECT FROM backing o
                    WHERE o.backer = m.backer AND o.campaign <> $1
                      AND o.first_at_us < m.first_at_us)
)
SELECT (SELECT currency FROM campaign_total WHERE campaign = $1) AS currency,
       (SELECT count(*) FROM standing) AS pledges,
       (SELECT coalesce(sum(pledged), 0)::bigint FROM standing) AS pledged,
       (SELECT coalesce(sum(pledged) / nullif(count(*), 0), 0)::bigint FROM standing) AS average,
       (SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY pledged), 0) FROM standing) AS median,
       (SELECT coalesce(max(pledged), 0) FROM standing) AS largest,
       (SELECT count(*) FROM backers) - r.count AS backers_new,
       r.count AS backers_returning,
       (SELECT count(*) FROM mine WHERE counted_at_us IS NOT NULL AND ended_at_us IS NOT NULL) AS dropped_out,
       (SELECT coalesce(sum(amount), 0)::bigint FROM mine
         WHERE counted_at_us IS NOT NULL AND ended_at_us IS NOT NULL) AS dropped_out_amount,
       (SELECT count(*) FROM mine WHERE state = 'abandoned') AS abandoned
  FROM returning_backers r
