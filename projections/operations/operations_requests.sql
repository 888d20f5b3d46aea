-- name: operations_requests
-- params: state text, count bigint
-- returns: subject uuid, request bigint, name text, state text, waiting bigint, requested_by bigint, opened_at_us bigint, changed_at_us bigint, retry_at_us bigint, attempt bigint, reason text
-- Requests that wait, the oldest first; an empty state is every state.
SELECT subject, request, name, state, waiting, requested_by, opened_at_us, changed_at_us,
       retry_at_us, attempt, reason
  FROM open_request
 WHERE $1 = '' OR state = $1
 ORDER BY opened_at_us, subject, request
 LIMIT $2
