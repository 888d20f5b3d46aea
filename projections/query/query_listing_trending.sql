-- name: query_listing_trending
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, query text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns, trending first, behind a campaign and its sort value: those that pass, of the next 2,500
-- with this status and category.
SELECT next.campaign, coalesce(next.trend, 0) AS sort_value
  FROM (SELECT l, l.campaign, l.trend
          FROM listing l
         WHERE l.is_public
           AND ($1::text IS NULL OR l.status = $1::text)
           AND ($2::text IS NULL OR l.category = $2::text)
           AND ($10::boolean OR (l.trend, l.campaign) < ($11::bigint, $12::uuid))
         ORDER BY l.trend DESC, l.campaign DESC
         LIMIT 2500) AS next
 WHERE passes(next.l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
   AND ($9::text IS NULL OR
        (SELECT t.document @@ $9::text::tsquery
           FROM campaign_text t
          WHERE t.campaign = next.campaign AND t.is_published))
 ORDER BY next.trend DESC, next.campaign DESC
 LIMIT $13::bigint
