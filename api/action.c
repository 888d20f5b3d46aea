/* SPDX-License-Identifier: Apache-2.0 */
#include "api/action.h"

#include "api/api_private.h"
#include "commands/gateway/inquiry.h"

#define GATEWAY_TIMEOUT_MS 5000

void cf_action_add(struct cf_exchange *exchange, const struct cf_json *pledge, struct cf_json *json)
{
    char url[CF_INQUIRY_ACTION_SIZE];
    const char *gateway_url = exchange->api->options->gateway_url;
    const char *intent = cf_json_text_at(pledge, "intent");
    if (gateway_url != NULL && intent != NULL &&
        cf_json_is(cf_json_get(pledge, "state"), "requires_action") &&
        cf_inquire_action(gateway_url, intent, GATEWAY_TIMEOUT_MS, url, NULL) == CF_OK)
        cf_json_set_text(json, "authenticate_url", url);
}
