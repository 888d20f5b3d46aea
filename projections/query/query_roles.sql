-- name: query_roles
-- params: person uuid
-- returns: roles bigint
-- A person's roles, one bit each; none for somebody who may do nothing.
SELECT CASE WHEN state = 'active' THEN roles ELSE 0 END AS roles
  FROM person
 WHERE person = $1::uuid
