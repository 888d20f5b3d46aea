-- name: probe_failure
-- params: divisor bigint
-- returns: quotient bigint
-- Fails for 0: the probe that a failure inside a pipeline is survived.
SELECT 100 / $1::bigint AS quotient
