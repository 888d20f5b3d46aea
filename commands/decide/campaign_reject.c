/* SPDX-License-Identifier: Apache-2.0 */
/* The reviewer says no, for good. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_reject
#define CF_COMMAND_FIELDS(F)      \
    F(1, id,         campaign_id) \
    F(2, opt_sealed, note)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only a moderator reviews.")                                          \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, OWN_CAMPAIGN, 403, "Nobody reviews their own campaign.")                                  \
    V(4, NOT_SUBMITTED, 409, "The campaign does not wait for a review.")
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
    CF_EMIT(decision, campaign_rejected, .campaign_id = input->campaign_id, .note = input->note);
    return ACCEPTED;
}
