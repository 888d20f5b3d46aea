-- name: search_around
-- params: latitude bigint, longitude bigint, radius_m bigint
-- returns: matches bigint
-- How many campaigns lie in the box around a circle, up to 2,001.
SELECT count(*) AS matches
  FROM (SELECT FROM listing l
         WHERE l.is_public AND is_in_box(l, $1::bigint, $2::bigint, $3::bigint)
         LIMIT 2001) AS near
