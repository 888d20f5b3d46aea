-- name: search_alike
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, words text, first boolean, after_value bigint, after_campaign uuid, count_max bigint, sort text
-- returns: campaign uuid, sort_value bigint
-- As search_campaigns, where next to nobody holds all words as typed: each word may also be one of its neighbours,
-- those that one error makes of it, and for long words that no text holds those that look alike by their trigrams
-- and differ in at most a third of the letters. Each step looks at a bounded number of candidates.
WITH RECURSIVE doubted AS MATERIALIZED (
    SELECT d.word, EXISTS (SELECT FROM word w WHERE w.word = d.word) AS is_known
      FROM words_of(to_tsvector('simple', $9::text)) AS d (word)
     LIMIT 8
), close AS MATERIALIZED (
    SELECT d.word, c.word AS neighbour
      FROM doubted d
     CROSS JOIN LATERAL (SELECT w.word FROM word w
                          WHERE left_out(w.word) && left_out(d.word) LIMIT 300) c
     WHERE c.word <> d.word AND levenshtein_less_equal(c.word, d.word, 2) <= 2
), far AS (
    SELECT d.word, c.word AS neighbour
      FROM doubted d
     CROSS JOIN LATERAL (SELECT w.word FROM word w WHERE w.word % d.word LIMIT 1000) c
     WHERE length(d.word) >= 6 AND NOT d.is_known AND d.word NOT IN (SELECT word FROM close)
       AND levenshtein_less_equal(c.word, d.word, 3) <= least(length(d.word) / 3, 3)
), near AS (
    SELECT word, neighbour,
           row_number() OVER (PARTITION BY word
                              ORDER BY similarity(word, neighbour) DESC, neighbour) AS place
      FROM (SELECT * FROM close UNION ALL SELECT * FROM far) either
), substitute AS MATERIALIZED (
    SELECT row_number() OVER () AS number, word::tsquery AS word,
           (word || '|' || string_agg(neighbour, '|'))::tsquery AS any_of
      FROM near
     WHERE place <= 10
     GROUP BY near.word
), rewritten (number, query) AS (
    SELECT 0::bigint, websearch_to_tsquery('simple', $9::text)
    UNION ALL
    SELECT s.number, ts_rewrite(r.query, s.word, s.any_of)
      FROM rewritten r
      JOIN substitute s ON s.number = r.number + 1
), wide AS (
    SELECT t.campaign, t.document, r.query
      FROM (SELECT query FROM rewritten WHERE number > 0 ORDER BY number DESC LIMIT 1) r,
           campaign_text t
     WHERE t.is_published AND t.document @@ r.query
     LIMIT 1500
), found AS (
    SELECT campaign, max(rank) AS rank
      FROM (SELECT t.campaign, 1000000 + (ts_rank_cd(t.document, websearch_to_tsquery('simple', $9::text), 1) * 1000000)::bigint AS rank
              FROM campaign_text t
             WHERE t.is_published AND t.document @@ websearch_to_tsquery('simple', $9::text)
             UNION ALL
            SELECT campaign, (ts_rank_cd(document, query, 1) * 900000)::bigint FROM wide) either
     GROUP BY campaign
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
