-- indexes
CREATE UNIQUE INDEX campaign_slug ON campaign (slug);
CREATE INDEX campaign_of_creator ON campaign (creator, created_at_us DESC);
CREATE INDEX campaign_to_review ON campaign (sequence) WHERE state = 'submitted';
CREATE INDEX reward_of_campaign ON reward (campaign, added_at_sequence);
