/* SPDX-License-Identifier: Apache-2.0 */
/* Where the campaign is at home. Degrees times a million. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_locate
#define CF_COMMAND_FIELDS(F)               \
    F(1, id,       campaign_id)            \
    F(2, text,     country)                \
    F(3, opt_text, place)                  \
    F(4, opt_i32,  latitude_microdegrees)  \
    F(5, opt_i32,  longitude_microdegrees)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_OPEN, 409, "The campaign is under review or over.")                                   \
    V(4, OFF_THE_MAP, 422, "There is no such place on earth.")
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
    if (input->latitude_microdegrees > 90000000 || input->latitude_microdegrees < -90000000 ||
        input->longitude_microdegrees > 180000000 || input->longitude_microdegrees < -180000000)
        return OFF_THE_MAP;
    CF_EMIT(decision, campaign_located, .campaign_id = input->campaign_id,
            .country = input->country, .place = input->place,
            .latitude_microdegrees = input->latitude_microdegrees,
            .longitude_microdegrees = input->longitude_microdegrees);
    return ACCEPTED;
}
