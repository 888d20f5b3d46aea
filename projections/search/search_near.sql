-- name: search_near
-- params: latitude bigint, longitude bigint, radius_m bigint, status text, category text, model text, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns within a radius, the nearest first; sort_value is the distance in metres. A box around
-- the circle is looked up in the index; a degree of latitude is 111,195 m.
WITH box AS (
    SELECT $3::bigint * 1000000 / 111195 AS north,
           ($3::bigint * 1000000 / 111195 / greatest(cos(radians($1::bigint / 1e6)), 0.01))::bigint AS east
), near AS (
    SELECT l.*, (2 * 6371000 * asin(least(1, sqrt(
               power(sin(radians((l.latitude_microdegrees - $1::bigint) / 1e6) / 2), 2) +
               cos(radians($1::bigint / 1e6)) * cos(radians(l.latitude_microdegrees / 1e6)) *
               power(sin(radians((l.longitude_microdegrees - $2::bigint) / 1e6) / 2), 2)))))::bigint
               AS distance
      FROM listing l, box
     WHERE l.is_public AND l.is_located
       AND point(l.longitude_microdegrees, l.latitude_microdegrees) <@
           box(point($2::bigint - box.east, $1::bigint - box.north),
               point($2::bigint + box.east, $1::bigint + box.north))
)
SELECT campaign, distance AS sort_value
  FROM near
 WHERE distance <= $3::bigint
   AND ($4::text IS NULL OR status = $4::text)
   AND ($5::text IS NULL OR category = $5::text)
   AND ($6::text IS NULL OR model = $6::text)
   AND ($7::boolean OR (distance, campaign) > ($8::bigint, $9::uuid))
 ORDER BY distance, campaign
 LIMIT $10::bigint
