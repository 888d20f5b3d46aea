-- name: transaction_rollback
-- params:
-- returns:
ROLLBACK
