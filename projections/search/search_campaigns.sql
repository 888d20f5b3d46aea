-- name: search_campaigns
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, query text, first boolean, after_value bigint, after_campaign uuid, count_max bigint, sort text, asked text
-- returns: campaign uuid, sort_value bigint
-- Public campaigns that hold what a query asks for, by how well they match or by another sort. What matches the
-- query as it was asked comes before what matches only one that was made wider. All that match are looked at.
WITH placed AS MATERIALIZED (
    SELECT l.campaign,
           CASE $14::text
           WHEN 'trending' THEN l.trend
           WHEN 'newest' THEN l.launched_at_us
           WHEN 'most_funded' THEN l.funded_bps
           WHEN 'ending_soon' THEN l.ends_at_us
           ELSE CASE WHEN $9::text = $15::text OR t.document @@ $15::text::tsquery
                     THEN 1000000 + (ts_rank_cd(t.lead, $15::text::tsquery, 1) * 1000000)::bigint
                     ELSE (ts_rank_cd(t.lead, $9::text::tsquery, 1) * 900000)::bigint END
           END AS place
      FROM campaign_text t
      JOIN listing l USING (campaign)
     WHERE t.is_published AND t.document @@ $9::text::tsquery
       AND passes(l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
)
SELECT campaign, coalesce(place, 0) AS sort_value
  FROM placed
 WHERE $10::boolean
    OR CASE $14::text WHEN 'ending_soon' THEN (place, campaign) > ($11::bigint, $12::uuid)
                      ELSE (place, campaign) < ($11::bigint, $12::uuid) END
 ORDER BY CASE $14::text WHEN 'ending_soon' THEN place END, CASE $14::text WHEN 'ending_soon' THEN campaign END,
          place DESC, campaign DESC
 LIMIT $13::bigint
