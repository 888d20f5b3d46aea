-- name: position_make
-- params: model text, version bigint
-- returns:
INSERT INTO coffer.position (model, sequence, version, time_us) VALUES ($1, 0, $2, 0)
    ON CONFLICT (model) DO NOTHING
