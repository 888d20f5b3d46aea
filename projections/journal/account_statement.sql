-- name: account_statement
-- params: name text, currency text, through bigint, after bigint, count bigint
-- returns: sequence bigint, line bigint, time_us bigint, event text, row_label text, related uuid, amount bigint, balance bigint
-- One account's postings up to a sequence, oldest first, from behind `after` on.
SELECT p.sequence, p.line, p.time_us, p.event, p.row_label, p.related, p.amount, p.balance
  FROM account a
  JOIN posting p ON p.account_kind = a.account_kind AND p.currency = a.currency
                AND p.owner = a.owner
 WHERE a.name = $1 AND a.currency = $2 AND p.sequence <= $3 AND p.sequence > $4
 ORDER BY p.sequence, p.line
 LIMIT $5
