-- name: analytics_summary
-- params: campaign uuid
-- returns: pledges bigint, pledged bigint, average bigint, median bigint, largest bigint, backers_new bigint, backers_returning bigint, dropped_out bigint, dropped_out_amount bigint, abandoned bigint
-- A campaign's pledges at a glance. A backer is returning who has backed another campaign before this one.
WITH mine AS (
    SELECT * FROM pledge WHERE campaign = $1
), standing AS (
    SELECT * FROM mine WHERE counted_at_us IS NOT NULL AND ended_at_us IS NULL
), backers AS (
    SELECT backer, min(counted_at_us) AS first_at_us FROM standing GROUP BY backer
), returning_backers AS (
    SELECT count(*) AS count
      FROM backers m
     WHERE EXISTS (SELECT FROM backing o
                    WHERE o.backer = m.backer AND o.campaign <> $1
                      AND o.first_at_us < m.first_at_us)
)
SELECT (SELECT count(*) FROM standing) AS pledges,
       (SELECT coalesce(sum(amount), 0)::bigint FROM standing) AS pledged,
       (SELECT coalesce(sum(amount) / nullif(count(*), 0), 0)::bigint FROM standing) AS average,
       (SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY amount), 0) FROM standing) AS median,
       (SELECT coalesce(max(amount), 0) FROM standing) AS largest,
       (SELECT count(*) FROM backers) - r.count AS backers_new,
       r.count AS backers_returning,
       (SELECT count(*) FROM mine WHERE counted_at_us IS NOT NULL AND ended_at_us IS NOT NULL) AS dropped_out,
       (SELECT coalesce(sum(amount), 0)::bigint FROM mine
         WHERE counted_at_us IS NOT NULL AND ended_at_us IS NOT NULL) AS dropped_out_amount,
       (SELECT count(*) FROM mine WHERE state = 'abandoned') AS abandoned
  FROM returning_backers r
