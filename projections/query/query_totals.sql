-- name: query_totals
-- params: campaign uuid
-- returns: status text, currency text, goal bigint, pledged bigint, held bigint, collected bigint, backers bigint, sequence bigint
-- What a campaign's progress shows.
SELECT c.status, c.currency, c.goal,
       coalesce(CASE WHEN t.is_locked THEN t.locked_pledged ELSE t.pledged END, 0) AS pledged,
       coalesce(t.held, 0) AS held, coalesce(t.collected, 0) AS collected,
       coalesce(CASE WHEN t.is_locked THEN t.locked_backers ELSE t.backers END, 0) AS backers,
       greatest(c.sequence, t.sequence) AS sequence
  FROM campaign c
  LEFT JOIN campaign_total t USING (campaign)
 WHERE c.campaign = $1::uuid AND c.launched_at_us IS NOT NULL
