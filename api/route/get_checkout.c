/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"

/* {"card_form"}: the provider's page where a card is given; null where none is set up. It takes `return_url`,
 * and sends the browser back there with `payment_method`, the card's name. We never see the card. */
void cf_route_get_checkout(struct cf_exchange *exchange)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "card_form", exchange->api->options->card_form_url);
    cf_exchange_json_etag(exchange, json);
}
