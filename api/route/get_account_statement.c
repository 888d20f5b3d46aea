/* SPDX-License-Identifier: Apache-2.0 */
/* For finance and auditors: as of any record, by default the newest that the read models hold. */
#include "api/access.h"
#include "api/api_private.h"
#include "projections/query_reports.h"

#define COUNT_USUAL 100
#define COUNT_MAX 1000

void cf_route_get_account_statement(struct cf_exchange *exchange)
{
    struct cf_query_statement statement = {.account = cf_exchange_query(exchange, "account"),
                                           .currency = cf_exchange_query(exchange, "currency")};
    if (!cf_exchange_query_number(exchange, "after", 0, 0, INT64_MAX, &statement.after) ||
        !cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX,
                                  &statement.count_max) ||
        !cf_exchange_await_sequence(exchange) ||
        !cf_access_by_role(exchange, CF_ACCESS_ROLE(FINANCE) | CF_ACCESS_ROLE(AUDITOR)) ||
        !cf_exchange_as_of(exchange, &statement.as_of))
        return;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_query_statement(exchange->api->seats[exchange->seat].query, &statement, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
