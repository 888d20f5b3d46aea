-- indexes
-- Where campaigns are is also known by longitudes beyond 180 degrees.
CREATE FUNCTION is_in_box(l listing, latitude bigint, longitude bigint, radius_m bigint)
    RETURNS boolean IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN l.is_located
   AND (point(l.longitude_microdegrees, l.latitude_microdegrees) <@
            box_around(latitude, longitude, radius_m)
        OR point(l.longitude_microdegrees, l.latitude_microdegrees) <@
            box_around(latitude, longitude + 360000000, radius_m)
        OR point(l.longitude_microdegrees, l.latitude_microdegrees) <@
            box_around(latitude, longitude - 360000000, radius_m));

-- Whether everybody may see a campaign and it passes the filters; those that are NULL let all pass. A narrow
-- radius is looked up in the index over places, a wide one is not.
CREATE FUNCTION passes(l listing, status text, category text, model text, country text, latitude bigint,
                       longitude bigint, radius_m bigint, is_narrow boolean)
    RETURNS boolean IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN l.is_public
   AND (status IS NULL OR l.status = status)
   AND (category IS NULL OR l.category = category)
   AND (model IS NULL OR l.model = model)
   AND (country IS NULL OR l.country = country)
   AND (radius_m IS NULL
        OR l.is_located AND (NOT is_narrow OR is_in_box(l, latitude, longitude, radius_m))
           AND radius_m >= distance_m(latitude, longitude, l.latitude_microdegrees, l.longitude_microdegrees));

-- Every sort over all, beside those within one status; and what few may have, so that they are looked through.
CREATE INDEX listing_by_any_trend ON listing (trend DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_any_launch ON listing (launched_at_us DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_any_end ON listing (ends_at_us, campaign) WHERE is_public;
CREATE INDEX listing_by_any_funding ON listing (funded_bps DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_country ON listing (country, status) WHERE is_public;
