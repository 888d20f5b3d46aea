/* SPDX-License-Identifier: Apache-2.0 */
/* For finance and auditors: as of any record, by default the newest that the read models hold. */
#include "api/access.h"
#include "api/api_private.h"
#include "projections/query_reports.h"

void cf_route_get_trial_balance(struct cf_exchange *exchange)
{
    int64_t as_of;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    if (!cf_exchange_await_sequence(exchange) ||
        !cf_access_by_role(exchange, CF_ACCESS_ROLE(FINANCE) | CF_ACCESS_ROLE(AUDITOR)) ||
        !cf_exchange_as_of(exchange, &as_of))
        return;
    enum cf_status status =
        cf_query_trial_balance(exchange->api->seats[exchange->seat].query, as_of, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
