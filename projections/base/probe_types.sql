-- name: probe_types
-- params: ids uuid[], numbers bigint[], words text[], raws bytea[], flags boolean[]
-- returns: id uuid, number bigint, word text, raw bytea, flag boolean
-- Gives back what it is given: the probe that every type passes the door unchanged.
SELECT id, number, word, raw, flag
  FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::boolean[])
    AS given (id, number, word, raw, flag)
