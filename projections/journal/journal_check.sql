-- name: journal_check
-- params: through bigint
-- returns: currency text, sum bigint
-- The sum of all balances per currency as of a sequence: zero, always.
SELECT p.currency, sum(p.amount)::bigint AS sum
  FROM posting p
 WHERE p.sequence <= $1
 GROUP BY p.currency
 ORDER BY p.currency
