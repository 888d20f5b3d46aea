-- name: search_campaigns
-- params: words text, status text, category text, model text, country text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns by how well they match. Where few hold all words as typed, each word may also be one of
-- its neighbours: those that one error makes of it, and for long words that no text holds those that look
-- alike by their trigrams and differ in at most a third of the letters. Each step looks at a bounded number
-- of candidates.
WITH RECURSIVE asked AS (
    SELECT websearch_to_tsquery('simple', $1::text) AS query
), exact AS (
    SELECT t.campaign, t.document, asked.query
      FROM campaign_text t, asked
     WHERE t.is_published AND t.document @@ asked.query
     LIMIT 500
), doubted AS MATERIALIZED (
    SELECT d.word, EXISTS (SELECT FROM word w WHERE w.word = d.word) AS is_known
      FROM words_of(to_tsvector('simple', $1::text)) AS d (word)
     WHERE (SELECT count(*) FROM exact) < 10
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
    SELECT 0::bigint, query FROM asked
    UNION ALL
    SELECT s.number, ts_rewrite(r.query, s.word, s.any_of)
      FROM rewritten r
      JOIN substitute s ON s.number = r.number + 1
), wide AS (
    SELECT t.campaign, t.document, r.query
      FROM (SELECT query FROM rewritten WHERE number > 0 ORDER BY number DESC LIMIT 1) r,
           campaign_text t
     WHERE t.is_published AND t.document @@ r.query
     LIMIT 300
), found AS (
    SELECT campaign, max(rank) AS rank
      FROM (SELECT campaign, 1000000 + (ts_rank_cd(document, query, 1) * 1000000)::bigint AS rank
              FROM exact
             UNION ALL
            SELECT campaign, (ts_rank_cd(document, query, 1) * 900000)::bigint FROM wide) either
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
