/* SPDX-License-Identifier: Apache-2.0 */
/* News from the creator, to everybody or to backers alone. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_post_update
#define CF_COMMAND_NEW_ID 2
#define CF_COMMAND_FIELDS(F)        \
    F(1, id,          campaign_id)  \
    F(2, id,          update_id)    \
    F(3, sealed,      title)        \
    F(4, sealed_long, body)         \
    F(5, bool,        backers_only)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_SEEN_YET, 409, "Nobody but the creator can see the campaign.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (campaign->state < CF_CAMPAIGN_APPROVED)
        return NOT_SEEN_YET;
    CF_EMIT(decision, campaign_update_posted, .campaign_id = input->campaign_id,
            .update_id = input->update_id, .title = input->title, .body = input->body,
            .backers_only = input->backers_only);
    return ACCEPTED;
}
