-- name: search_narrow
-- params: latitude bigint, longitude bigint, radius_m bigint
-- returns: is_narrow boolean
-- Whether so few campaigns lie within a radius that all of them are looked at.
SELECT count(*) <= 1500 AS is_narrow
  FROM (SELECT FROM listing l
         WHERE l.is_public AND is_in_box(l, $1::bigint, $2::bigint, $3::bigint)
         LIMIT 1501) AS near
