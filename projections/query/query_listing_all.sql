-- name: query_listing_all
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, first boolean, after_value bigint, after_campaign uuid, count_max bigint, sort text
-- returns: campaign uuid, sort_value bigint
-- As the lists by one sort, where few pass: all that do are looked up by what they pass, and sorted then.
WITH placed AS MATERIALIZED (
    SELECT l.campaign, CASE $13::text WHEN 'newest' THEN l.launched_at_us
                                      WHEN 'most_funded' THEN l.funded_bps
                                      WHEN 'ending_soon' THEN l.ends_at_us
                                      ELSE l.trend END AS place
      FROM listing l
     WHERE passes(l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
       AND ($9::boolean OR
            CASE $13::text WHEN 'newest' THEN (l.launched_at_us, l.campaign) < ($10::bigint, $11::uuid)
                           WHEN 'most_funded' THEN (l.funded_bps, l.campaign) < ($10::bigint, $11::uuid)
                           WHEN 'ending_soon' THEN (l.ends_at_us, l.campaign) > ($10::bigint, $11::uuid)
                           ELSE (l.trend, l.campaign) < ($10::bigint, $11::uuid) END)
)
SELECT campaign, coalesce(place, 0) AS sort_value
  FROM placed
 ORDER BY CASE $13::text WHEN 'ending_soon' THEN place END, CASE $13::text WHEN 'ending_soon' THEN campaign END,
          place DESC, campaign DESC
 LIMIT $12::bigint
