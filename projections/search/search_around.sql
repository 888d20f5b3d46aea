-- name: search_around
-- params: latitude bigint, longitude bigint, radius_m bigint
-- returns: matches bigint
-- How many campaigns lie in the box around a circle, up to 2,001; around a pole some count twice.
SELECT count(*) AS matches
  FROM (SELECT FROM (VALUES (0), (360000000), (-360000000)) AS turn (longitude), LATERAL
               (SELECT FROM listing l
                 WHERE l.is_public AND l.is_located
                   AND point(l.longitude_microdegrees, l.latitude_microdegrees) <@
                       box_around($1::bigint, $2::bigint + turn.longitude, $3::bigint)
                 LIMIT 2001) AS within
         LIMIT 2001) AS near
