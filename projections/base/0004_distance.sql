-- Places are in millionths of a degree; distances in metres, on a sphere of 6,371 km.
CREATE FUNCTION distance_m(latitude_a bigint, longitude_a bigint, latitude_b bigint, longitude_b bigint)
    RETURNS bigint IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN (2 * 6371000 * asin(least(1, sqrt(
            power(sin(radians((latitude_b - latitude_a) / 1e6::float8) / 2), 2) +
            cos(radians(latitude_a / 1e6::float8)) * cos(radians(latitude_b / 1e6::float8)) *
            power(sin(radians((longitude_b - longitude_a) / 1e6::float8) / 2), 2)))))::bigint;

-- A box that holds the circle around a place; points are (longitude, latitude). It may reach beyond 180 degrees,
-- where the same places go by other longitudes.
CREATE FUNCTION box_around(latitude bigint, longitude bigint, radius_m bigint)
    RETURNS box IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN (SELECT box(point(longitude - east, latitude - north), point(longitude + east, latitude + north))
          FROM (SELECT 1 + 1e6 * degrees(radius_m / 6371000::float8)) AS n (north)
         CROSS JOIN LATERAL (SELECT CASE WHEN abs(latitude) + north >= 90e6 THEN 180e6::float8 ELSE
                1 + 1e6 * degrees(asin(sin(radians(north / 1e6)) / cos(radians(latitude / 1e6::float8))))
            END) AS e (east));
