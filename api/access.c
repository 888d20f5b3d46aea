/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include "api/api_private.h"
#include "projections/query_reports.h"

bool cf_access_by_role(struct cf_exchange *exchange, uint32_t roles)
{
    uint32_t held = 0;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_roles(exchange->api->seats[exchange->seat].query,
                                           &exchange->user_id, &held, &fault);
    if (status != CF_OK) {
        cf_exchange_failed(exchange, status, &fault);
        return false;
    }
    if ((held & (roles | CF_ACCESS_ROLE(ADMIN))) == 0) {
        cf_exchange_problem(exchange, CF_PROBLEM_FORBIDDEN, NULL, NULL);
        return false;
    }
    return true;
}

bool cf_access_of_person(struct cf_exchange *exchange, const struct cf_id *person_id,
                         uint32_t roles)
{
    return cf_id_equal(*person_id, exchange->user_id) || cf_access_by_role(exchange, roles);
}

bool cf_access_of_campaign(struct cf_exchange *exchange, const struct cf_id *campaign_id,
                           uint32_t roles)
{
    struct cf_id creator_id = {{0}};
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_creator(exchange->api->seats[exchange->seat].query,
                                             campaign_id, &creator_id, &fault);
    if (status != CF_OK && status != CF_NOT_FOUND) {
        cf_exchange_failed(exchange, status, &fault);
        return false;
    }
    return cf_access_of_person(exchange, &creator_id, roles);
}
