-- name: query_campaign
-- params: campaign uuid
-- returns: creator uuid, creator_name bytea, state text, status text, model text, currency text, goal bigint, title bytea, slug text, story bytea, category text, subcategory text, country text, place text, media_address text, launched_at_us bigint, starts_at_us bigint, ends_at_us bigint, pledged bigint, held bigint, collected bigint, backers bigint, sequence bigint
-- A campaign's page without its lists, and without texts where the creator was erased. The page's total
-- locks on what was pledged when funding ended, and by how many.
SELECT c.creator, p.display_name AS creator_name, c.state, c.status, c.model, c.currency, c.goal,
       CASE WHEN p.erased_at_us IS NULL THEN c.title END AS title, c.slug,
       CASE WHEN p.erased_at_us IS NULL THEN c.story END AS story,
       c.category, c.subcategory, c.country, c.place, c.media_address,
       c.launched_at_us, c.starts_at_us, c.ends_at_us,
       coalesce(CASE WHEN t.is_locked THEN t.locked_pledged ELSE t.pledged END, 0) AS pledged,
       coalesce(t.held, 0) AS held, coalesce(t.collected, 0) AS collected,
       coalesce(CASE WHEN t.is_locked THEN t.locked_backers ELSE t.backers END, 0) AS backers,
       greatest(c.sequence, t.sequence) AS sequence
  FROM campaign c
  LEFT JOIN campaign_total t USING (campaign)
  LEFT JOIN person p ON p.person = c.creator
 WHERE c.campaign = $1::uuid
