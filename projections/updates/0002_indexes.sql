-- indexes
CREATE INDEX campaign_update_of_campaign ON campaign_update (campaign, sequence DESC);
