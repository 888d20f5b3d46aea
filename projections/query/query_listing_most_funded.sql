-- name: query_listing_most_funded
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, words text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns, most funded first, behind a campaign and its sort value.
SELECT l.campaign, coalesce(l.funded_bps, 0) AS sort_value
  FROM listing l
 WHERE passes(l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
   AND ($9::text IS NULL OR
        (SELECT t.document @@ websearch_to_tsquery('simple', $9::text)
           FROM campaign_text t
          WHERE t.campaign = l.campaign AND t.is_published))
   AND ($10::boolean OR (l.funded_bps, l.campaign) < ($11::bigint, $12::uuid))
 ORDER BY l.funded_bps DESC, l.campaign DESC
 LIMIT $13::bigint
