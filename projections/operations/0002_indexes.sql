-- indexes
CREATE INDEX open_request_by_age ON open_request (state, opened_at_us);
CREATE INDEX provider_notice_unsettled ON provider_notice (received_at_us) WHERE state <> 'settled';
