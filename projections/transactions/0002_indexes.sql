-- indexes
CREATE INDEX transaction_of_campaign ON transaction (campaign, began_at_sequence DESC);
CREATE INDEX transaction_of_person ON transaction (person, began_at_sequence DESC);
CREATE INDEX transaction_by_reference ON transaction (provider_reference);
