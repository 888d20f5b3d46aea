/* SPDX-License-Identifier: Apache-2.0 */
/* The picture or film at the head of the page, by address. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_set_media
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   campaign_id)  \
    F(2, text, address)      \
    F(3, text, media_type)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_OPEN, 409, "The campaign is under review or over.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_open(campaign))
        return NOT_OPEN;
    CF_EMIT(decision, campaign_media_set, .campaign_id = input->campaign_id,
            .address = input->address, .media_type = input->media_type);
    return ACCEPTED;
}
