-- name: query_listing_trending
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, query text, first boolean, after_value bigint, after_campaign uuid, count_max bigint, looked_at_max bigint, is_few boolean
-- returns: campaign uuid, sort_value bigint
-- Public campaigns, trending first, behind a campaign and its sort value: those that pass, of as many as are
-- looked at with this status and category. Few matches are gathered first, of many each is looked up.
SELECT next.campaign, coalesce(next.trend, 0) AS sort_value
  FROM (SELECT l, l.campaign, l.trend
          FROM listing l
         WHERE l.is_public
           AND ($1::text IS NULL OR l.status = $1::text)
           AND ($2::text IS NULL OR l.category = $2::text)
           AND ($10::boolean OR (l.trend, l.campaign) < ($11::bigint, $12::uuid))
         ORDER BY l.trend DESC, l.campaign DESC
         LIMIT $14::bigint) AS next
 WHERE passes(next.l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
   AND ($9::text IS NULL OR
        CASE WHEN $15::boolean
             THEN next.campaign IN (SELECT t.campaign FROM campaign_text t
                                     WHERE t.is_published AND t.document @@ $9::text::tsquery)
             ELSE (SELECT t.document @@ $9::text::tsquery FROM campaign_text t
                    WHERE t.campaign = next.campaign AND t.is_published) END)
 ORDER BY next.trend DESC, next.campaign DESC
 LIMIT $13::bigint
