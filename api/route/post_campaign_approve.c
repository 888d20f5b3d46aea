/* SPDX-License-Identifier: Apache-2.0 */
/* A moderator's yes. Terms that the body leaves out are the platform's usual ones. */
#include "api/exchange.h"

#define FEE_BPS_USUAL 500

static void usual(struct cf_exchange *exchange, const char *field, struct cf_json *value)
{
    if (cf_json_get(exchange->body, field) == NULL)
        cf_json_set(exchange->body, field, value);
    else
        cf_json_destroy(value);
}

void cf_route_post_campaign_approve(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body_or_nothing(exchange))
        return;
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    usual(exchange, "platform_fee_bps", cf_json_from_integer(FEE_BPS_USUAL));
    usual(exchange, "processor_fee_bearer", cf_json_from_text("creator"));
    usual(exchange, "reserve_bps", cf_json_from_integer(0));
    usual(exchange, "reserve_days", cf_json_from_integer(0));
    cf_exchange_command(exchange, CF_COMMAND_campaign_approve, &campaign_id,
                        cf_exchange_accepted_plainly);
}
