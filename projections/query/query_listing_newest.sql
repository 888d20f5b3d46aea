-- name: query_listing_newest
-- params: status text, category text, model text, country text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns, newest first, behind a campaign and its sort value.
SELECT campaign, coalesce(launched_at_us, 0) AS sort_value
  FROM listing
 WHERE is_public
   AND ($1::text IS NULL OR status = $1::text)
   AND ($2::text IS NULL OR category = $2::text)
   AND ($3::text IS NULL OR model = $3::text)
   AND ($4::text IS NULL OR country = $4::text)
   AND ($5::boolean OR (launched_at_us, campaign) < ($6::bigint, $7::uuid))
 ORDER BY launched_at_us DESC, campaign DESC
 LIMIT $8::bigint
