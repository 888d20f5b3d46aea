/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy of the platform does not apply to one campaign; which, with what value, and why. The books heed
 * three: "duration", the limits of a campaign's length, "holds", that cards are held before an all-or-nothing end, and
 * "least", that no pledge is below what the provider charges.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_override_policy
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   campaign_id)  \
    F(2, text, policy)       \
    F(3, text, value)        \
    F(4, text, reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only an admin overrides a policy.")                                  \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    CF_EMIT(decision, campaign_policy_overridden, .campaign_id = input->campaign_id,
            .policy = input->policy, .value = input->value, .reason = input->reason);
    return ACCEPTED;
}
