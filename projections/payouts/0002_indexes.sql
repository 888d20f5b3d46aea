-- indexes
CREATE INDEX payout_of_creator ON payout (creator, requested_at_sequence DESC);
CREATE INDEX payout_of_campaign ON payout (campaign, requested_at_sequence DESC);
