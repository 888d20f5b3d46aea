-- name: rebuild_lock_left_over
-- params:
-- returns: locked boolean
-- Whether a rebuild left shadow schemas behind and none is under way; then none begins in this transaction.
SELECT CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname ~ '^coffer_.*_shadow$')
            THEN pg_try_advisory_xact_lock(7161992, 0) ELSE false END AS locked
