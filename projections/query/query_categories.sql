-- name: query_categories
-- params:
-- returns: category text
-- Categories of launched campaigns: a walk from one to the next along the index, not over all rows.
WITH RECURSIVE walk AS (
    (SELECT category FROM listing WHERE is_public AND category IS NOT NULL ORDER BY category LIMIT 1)
    UNION ALL
    SELECT (SELECT l.category FROM listing l WHERE l.is_public AND l.category > walk.category
             ORDER BY l.category LIMIT 1)
      FROM walk
     WHERE walk.category IS NOT NULL
)
SELECT category FROM walk WHERE category IS NOT NULL
