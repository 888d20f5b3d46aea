-- name: query_updates
-- params: campaign uuid, viewer uuid, before bigint, count_max bigint
-- returns: campaign_update uuid, title bytea, body bytea, is_for_backers boolean, posted_at_us bigint, sequence bigint, is_hidden boolean
-- A campaign's news, newest first, before a sequence. What is for backers alone is hidden from
-- others, and an erased creator's texts from everybody.
SELECT u.campaign_update, CASE WHEN p.erased_at_us IS NULL THEN u.title END AS title,
       CASE WHEN p.erased_at_us IS NULL THEN u.body END AS body, u.is_for_backers, u.posted_at_us, u.sequence,
       u.is_for_backers AND NOT (
           coalesce(c.creator = $2::uuid, false)
           OR EXISTS (SELECT FROM backing b
                       WHERE b.campaign = u.campaign AND b.backer = $2::uuid AND b.pledges > 0)
       ) AS is_hidden
  FROM campaign_update u
  LEFT JOIN campaign c USING (campaign)
  LEFT JOIN person p ON p.person = c.creator
 WHERE u.campaign = $1::uuid AND u.sequence < $3::bigint
 ORDER BY u.sequence DESC
 LIMIT $4::bigint
