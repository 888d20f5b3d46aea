-- name: query_updates
-- params: campaign uuid, viewer uuid, before bigint, count_max bigint
-- returns: campaign_update uuid, title bytea, body bytea, is_for_backers boolean, posted_at_us bigint, sequence bigint, is_hidden boolean
-- A campaign's news, newest first, before a sequence. What is for backers alone is hidden from others.
SELECT u.campaign_update, u.title, u.body, u.is_for_backers, u.posted_at_us, u.sequence,
       u.is_for_backers AND NOT (
           EXISTS (SELECT FROM campaign c WHERE c.campaign = u.campaign AND c.creator = $2::uuid)
           OR EXISTS (SELECT FROM backing b
                       WHERE b.campaign = u.campaign AND b.backer = $2::uuid AND b.pledges > 0)
       ) AS is_hidden
  FROM campaign_update u
 WHERE u.campaign = $1::uuid AND u.sequence < $3::bigint
 ORDER BY u.sequence DESC
 LIMIT $4::bigint
