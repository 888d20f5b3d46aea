-- name: search_campaigns
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, words text, first boolean, after_value bigint, after_campaign uuid, count_max bigint, sort text
-- returns: campaign uuid, sort_value bigint
-- Public campaigns that hold the words as typed, by how well they match or by another sort. All matches are looked
-- at, so this is for words that few texts hold.
WITH found AS (
    SELECT t.campaign, 1000000 + (ts_rank_cd(t.document, websearch_to_tsquery('simple', $9::text), 1) * 1000000)::bigint AS rank
      FROM campaign_text t
     WHERE t.is_published AND t.document @@ websearch_to_tsquery('simple', $9::text)
), placed AS (
    SELECT l.campaign, CASE $14::text WHEN 'trending' THEN l.trend
                                      WHEN 'newest' THEN l.launched_at_us
                                      WHEN 'most_funded' THEN l.funded_bps
                                      WHEN 'ending_soon' THEN -l.ends_at_us
                                      ELSE f.rank END AS place
      FROM found f
      JOIN listing l USING (campaign)
     WHERE passes(l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
)
SELECT campaign, CASE $14::text WHEN 'ending_soon' THEN -place ELSE place END AS sort_value
  FROM placed
 WHERE $10::boolean
    OR (place, campaign) < (CASE $14::text WHEN 'ending_soon' THEN -$11::bigint ELSE $11::bigint END, $12::uuid)
 ORDER BY place DESC, campaign DESC
 LIMIT $13::bigint
