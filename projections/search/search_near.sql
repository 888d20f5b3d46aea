-- name: search_near
-- params: status text, category text, model text, country text, latitude bigint, longitude bigint, radius_m bigint, is_narrow boolean, first boolean, after_value bigint, after_campaign uuid, count_max bigint
-- returns: campaign uuid, sort_value bigint
-- Public campaigns within a radius, the nearest first; sort_value is the distance in metres.
WITH near AS (
    SELECT l.campaign,
           distance_m($5::bigint, $6::bigint, l.latitude_microdegrees, l.longitude_microdegrees) AS distance
      FROM listing l
     WHERE passes(l, $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean)
)
SELECT campaign, distance AS sort_value
  FROM near
 WHERE $9::boolean OR (distance, campaign) > ($10::bigint, $11::uuid)
 ORDER BY distance, campaign
 LIMIT $12::bigint
