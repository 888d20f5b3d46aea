-- name: transactions_of_campaign
-- params: campaign uuid, before_place bigint, count bigint
-- returns: related uuid, related_type text, type text, status text, currency text, amount bigint, fee bigint, provider_reference text, reason text, began_at_us bigint, changed_at_us bigint, place bigint
-- What moved at the provider for a campaign, the newest first, from before a place on. One event may begin
-- movements of several kinds.
SELECT related, related_type, type, status, currency, amount, fee, provider_reference, reason,
       began_at_us, changed_at_us, began_at_sequence * 8 + kind AS place
  FROM transaction
 WHERE campaign = $1 AND began_at_sequence <= $2::bigint / 8 AND began_at_sequence * 8 + kind < $2::bigint
 ORDER BY began_at_sequence DESC, kind DESC
 LIMIT $3
