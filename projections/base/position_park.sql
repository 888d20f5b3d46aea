-- name: position_park
-- params: model text, sequence bigint, event text, reason text
-- returns:
INSERT INTO coffer.parked (model, sequence, event, reason) VALUES ($1, $2, $3, $4)
    ON CONFLICT (model, sequence) DO UPDATE SET reason = excluded.reason
