/* SPDX-License-Identifier: Apache-2.0 */
/* The reviewer says yes and fixes the terms. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_approve
#define CF_COMMAND_FIELDS(F)                  \
    F(1, id,       campaign_id)               \
    F(2, bps,      platform_fee_bps)          \
    F(3, bearer,   processor_fee_bearer)      \
    F(4, bps,      reserve_bps)               \
    F(5, u32,      reserve_days)              \
    F(6, opt_text, tax_jurisdiction)          \
    F(7, opt_bps,  tax_bps)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only a moderator approves a campaign.")                              \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, OWN_CAMPAIGN, 403, "Nobody reviews their own campaign.")                                  \
    V(4, NOT_SUBMITTED, 409, "The campaign does not wait for a review.")                           \
    V(5, FEE_OUT_OF_RANGE, 422, "The platform's fee lies between 5 and 8 per cent.")               \
    V(6, RESERVE_OUT_OF_RANGE, 422, "Fee, tax and reserve together may not exceed the whole.")     \
    V(7, TAX_INCOMPLETE, 422, "A tax needs a rate and a jurisdiction of at most 16 letters.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_has_role(decision, CF_ROLE_MODERATOR))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (cf_actor_is(decision, campaign->creator_id))
        return OWN_CAMPAIGN;
    if (campaign->state != CF_CAMPAIGN_SUBMITTED)
        return NOT_SUBMITTED;
    if (input->platform_fee_bps < CF_POLICY_PLATFORM_FEE_MIN_BPS ||
        input->platform_fee_bps > CF_POLICY_PLATFORM_FEE_MAX_BPS)
        return FEE_OUT_OF_RANGE;
    if (input->platform_fee_bps + input->reserve_bps + input->tax_bps > CF_BASIS_POINTS_WHOLE)
        return RESERVE_OUT_OF_RANGE;
    if ((input->tax_bps == 0) != (input->tax_jurisdiction.size == 0) ||
        input->tax_jurisdiction.size > sizeof campaign->tax_jurisdiction)
        return TAX_INCOMPLETE;
    CF_EMIT(decision, campaign_approved, .campaign_id = input->campaign_id,
            .platform_fee_bps = input->platform_fee_bps,
            .processor_fee_bearer = input->processor_fee_bearer, .reserve_bps = input->reserve_bps,
            .reserve_days = input->reserve_days, .tax_jurisdiction = input->tax_jurisdiction,
            .tax_bps = input->tax_bps);
    return ACCEPTED;
}
