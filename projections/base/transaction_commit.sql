-- name: transaction_commit
-- params:
-- returns:
COMMIT
