-- name: query_creator
-- params: campaign uuid
-- returns: creator uuid
-- Whose campaign it is.
SELECT creator FROM campaign WHERE campaign = $1
