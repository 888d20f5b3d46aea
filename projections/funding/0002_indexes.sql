-- indexes
CREATE INDEX pledge_of_backer ON pledge (backer, created_at_sequence DESC);
CREATE INDEX pledge_of_campaign ON pledge (campaign, created_at_sequence DESC);
CREATE INDEX pledge_of_reward ON pledge (reward) WHERE reward IS NOT NULL;
CREATE INDEX refund_of_pledge ON refund (pledge);
CREATE INDEX refund_owed ON refund (sequence) WHERE state IN ('requested', 'failed');
CREATE INDEX reward_total_of_campaign ON reward_total (campaign);
CREATE INDEX backing_of_backer ON backing (backer);

-- Every sort, over all and within one status. Pages go on from the last row's sort value and id.
CREATE INDEX listing_by_trend ON listing (status, trend DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_launch ON listing (status, launched_at_us DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_end ON listing (status, ends_at_us, campaign) WHERE is_public;
CREATE INDEX listing_by_funding ON listing (status, funded_bps DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_category_trend ON listing (category, status, trend DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_category_launch ON listing (category, status, launched_at_us DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_by_category_end ON listing (category, status, ends_at_us, campaign) WHERE is_public;
CREATE INDEX listing_by_category_funding ON listing (category, status, funded_bps DESC, campaign DESC) WHERE is_public;
CREATE INDEX listing_of_creator ON listing (creator);
CREATE INDEX listing_by_place ON listing
    USING gist (point(longitude_microdegrees, latitude_microdegrees)) WHERE is_public AND is_located;
