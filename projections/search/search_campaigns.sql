-- name: search_campaigns
-- params: words text, status text, category text, model text, country text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns by how well they match: all words first; where few do, titles that look alike, so that
-- a typing error still finds. Each way looks at a bounded number of candidates.
WITH asked AS (
    SELECT websearch_to_tsquery('simple', $1::text) AS query
), exact AS (
    SELECT t.campaign, t.document
      FROM campaign_text t, asked
     WHERE t.is_published AND t.document @@ asked.query
     LIMIT 1000
), ranked AS (
    SELECT e.campaign, 1000000 + (ts_rank_cd(e.document, asked.query, 1) * 1000000)::bigint AS rank
      FROM exact e, asked
), alike AS (
    SELECT t.campaign, (word_similarity(lower($1::text), lower(t.title)) * 900000)::bigint AS rank
      FROM campaign_text t
     WHERE t.is_published AND lower($1::text) <% lower(t.title)
       AND (SELECT count(*) FROM exact) < 10
     LIMIT 300
), found AS (
    SELECT campaign, max(rank) AS rank
      FROM (SELECT * FROM ranked UNION ALL SELECT * FROM alike) either
     GROUP BY campaign
)
SELECT f.campaign, f.rank AS sort_value
  FROM found f
  JOIN listing l USING (campaign)
 WHERE l.is_public
   AND ($2::text IS NULL OR l.status = $2::text)
   AND ($3::text IS NULL OR l.category = $3::text)
   AND ($4::text IS NULL OR l.model = $4::text)
   AND ($5::text IS NULL OR l.country = $5::text)
   AND ($6::boolean OR (f.rank, f.campaign) < ($7::bigint, $8::uuid))
 ORDER BY f.rank DESC, f.campaign DESC
 LIMIT $9::bigint
