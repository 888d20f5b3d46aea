-- name: query_cards
-- params: campaigns uuid[]
-- returns: campaign uuid, title bytea, slug text, category text, subcategory text, country text, place text, model text, state text, status text, currency text, goal bigint, pledged bigint, held bigint, collected bigint, backers bigint, launched_at_us bigint, ends_at_us bigint
-- What a list shows of each of these campaigns, in their order. No titles of an erased creator.
SELECT c.campaign, CASE WHEN p.erased_at_us IS NULL THEN c.title END AS title, c.slug,
       c.category, c.subcategory, c.country, c.place,
       c.model, c.state, c.status, c.currency, c.goal,
       coalesce(CASE WHEN t.is_locked THEN t.locked_pledged ELSE t.pledged END, 0) AS pledged,
       coalesce(t.held, 0) AS held, coalesce(t.collected, 0) AS collected,
       coalesce(CASE WHEN t.is_locked THEN t.locked_backers ELSE t.backers END, 0) AS backers,
       c.launched_at_us, c.ends_at_us
  FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (campaign, place_in_list)
  JOIN campaign c USING (campaign)
  LEFT JOIN campaign_total t USING (campaign)
  LEFT JOIN person p ON p.person = c.creator
 ORDER BY wanted.place_in_list
