-- name: transaction_begin
-- params:
-- returns:
BEGIN
