-- name: cluster_role_make
-- params: role text, password text
-- returns: command text
-- The command that makes the role, or no row where it is.
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text) AS command
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text)
