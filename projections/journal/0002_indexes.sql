-- indexes
CREATE INDEX posting_of_account ON posting (account_kind, currency, owner, sequence, line);
CREATE INDEX posting_of_related ON posting (related, sequence);
