-- name: account_statement
-- params: name text, currency text, through bigint, after_place bigint, count bigint
-- returns: sequence bigint, time_us bigint, event text, row_label text, related uuid, amount bigint, balance bigint, place bigint
-- One account's postings up to a sequence, oldest first, from behind a place on. A posting of an account
-- without owner has none.
SELECT p.sequence, p.time_us, p.event, p.row_label, p.related, p.amount, p.balance,
       p.sequence * 64 + p.line AS place
  FROM account a
 CROSS JOIN LATERAL (
       (SELECT * FROM posting
         WHERE account_kind = a.account_kind AND currency = a.currency AND owner = a.owner
           AND sequence <= $3 AND (sequence, line) > ($4::bigint / 64, $4::bigint % 64)
         ORDER BY sequence, line LIMIT $5)
       UNION ALL
       (SELECT * FROM posting
         WHERE account_kind = a.account_kind AND currency = a.currency AND owner IS NULL
           AND a.owner = '00000000-0000-0000-0000-000000000000'
           AND sequence <= $3 AND (sequence, line) > ($4::bigint / 64, $4::bigint % 64)
         ORDER BY sequence, line LIMIT $5)) p
 WHERE a.name = $1 AND a.currency = $2
 ORDER BY p.sequence, p.line
