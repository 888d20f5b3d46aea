-- name: trial_balance
-- params: through bigint
-- returns: account text, currency text, balance bigint, sum bigint
-- Every account as of a sequence: the balance behind its last posting up to there. `sum` is that of all
-- accounts of the currency: zero, always. A posting of an account without owner has none.
SELECT a.name AS account, a.currency, p.balance,
       (sum(p.balance) OVER (PARTITION BY a.currency))::bigint AS sum
  FROM account a
 CROSS JOIN LATERAL (
       (SELECT balance FROM posting
         WHERE account_kind = a.account_kind AND currency = a.currency AND owner = a.owner
           AND sequence <= $1
         ORDER BY sequence DESC, line DESC LIMIT 1)
       UNION ALL
       (SELECT balance FROM posting
         WHERE account_kind = a.account_kind AND currency = a.currency AND owner IS NULL
           AND a.owner = '00000000-0000-0000-0000-000000000000' AND sequence <= $1
         ORDER BY sequence DESC, line DESC LIMIT 1)) p
 WHERE p.balance <> 0
 ORDER BY a.currency, a.name
