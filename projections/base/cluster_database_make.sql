-- name: cluster_database_make
-- params: role text
-- returns: command text
-- The command that makes the role's database, or no row where it is.
SELECT format('CREATE DATABASE %I OWNER %I', $1::text, $1::text) AS command
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $1::text)
