-- name: trial_balance
-- params: through bigint
-- returns: name text, currency text, balance bigint
-- Every account as of a sequence: the balance behind its last posting up to there.
SELECT a.name, a.currency, p.balance
  FROM account a
 CROSS JOIN LATERAL (
       SELECT balance FROM posting
        WHERE account_kind = a.account_kind AND currency = a.currency AND owner = a.owner
          AND sequence <= $1
        ORDER BY sequence DESC, line DESC LIMIT 1) p
 WHERE p.balance <> 0
 ORDER BY a.currency, a.name
