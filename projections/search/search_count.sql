-- name: search_count
-- params: words text
-- returns: matches bigint
-- How many published texts hold the words as typed; 1501 also where they are more.
SELECT count(*) AS matches
  FROM (SELECT FROM campaign_text t
         WHERE t.is_published AND t.document @@ websearch_to_tsquery('simple', $1::text)
         LIMIT 1501) AS exact
