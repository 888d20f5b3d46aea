-- indexes
-- Within a category every sort over all statuses, which serves one status as well; but what ends soonest has long
-- ended unless it is active. Nobody asks lists for a creator, and every pledge moves its campaign in every index.
DROP INDEX listing_by_category_trend, listing_by_category_launch, listing_by_category_funding, listing_of_creator;
CREATE INDEX listing_by_category_trend ON listing (category, trend DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_category_launch ON listing (category, launched_at_us DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_category_funding ON listing (category, funded_bps DESC, campaign DESC) WHERE is_public;
