/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/query_reports.h"

#include "core/base/assert.h"
#include "projections/query_private.h"

#include <stdio.h>

/* ---- Rows as JSON ---- */

static void member_set(struct cf_json *object, const struct cf_pg_rows *rows, size_t row,
                       size_t column)
{
    char member[64];
    const char *name = cf_pg_column_name(rows, column);
    size_t size = strlen(name), ending = sizeof "_us" - 1;
    bool is_time = size > ending && strcmp(name + size - ending, "_us") == 0;
    snprintf(member, sizeof member, "%.*s", (int)(is_time ? size - ending : size), name);
    if (cf_pg_is_null(rows, row, name)) {
        cf_json_set_null(object, member);
        return;
    }
    switch (cf_pg_column_type(rows, column)) {
    case CF_PG_ID: {
        struct cf_id id = cf_pg_id(rows, row, name);
        cf_query_set_id__(object, member, &id);
        return;
    }
    case CF_PG_INT64:
        if (is_time)
            cf_query_set_time__(object, member, cf_pg_int64(rows, row, name));
        else
            cf_json_set_integer(object, member, cf_pg_int64(rows, row, name));
        return;
    case CF_PG_TEXT:
        cf_json_set_text(object, member, cf_pg_text(rows, row, name));
        return;
    case CF_PG_BOOL:
        cf_json_set_bool(object, member, cf_pg_bool(rows, row, name));
        return;
    case CF_PG_BYTES:
        break; /* sealed texts have their own way */
    }
    CF_UNREACHABLE();
}

/* Runs a statement; its rows become a list, a member of `json`. */
static enum cf_status list_add(struct cf_query *query, const char *statement, struct cf_json *json,
                               const char *member, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_query_run__(query, statement, &rows, reterr_fault));
    struct cf_json *list = cf_json_array();
    cf_json_set(json, member, list);
    for (size_t i = 0; i < cf_pg_rows_count(rows); i++) {
        struct cf_json *object = cf_json_object();
        for (size_t column = 0; column < cf_pg_columns_count(rows); column++)
            member_set(object, rows, i, column);
        cf_json_append(list, object);
    }
    return CF_OK;
}

/* The same for one page of a list: `next` is the last row's `place`, if the page is full. */
static enum cf_status page_make(struct cf_query *query, const char *statement, const char *member,
                                const char *place, int64_t count_max, struct cf_json **ret_json,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    CF_TRY(list_add(query, statement, json, member, reterr_fault));
    const struct cf_json *list = cf_json_get(json, member);
    size_t count = cf_json_size(list);
    cf_json_set_null(json, "next");
    if (count > 0 && count == (size_t)count_max)
        cf_json_set(json, "next", cf_json_copy(cf_json_get(cf_json_item(list, count - 1), place)));
    *ret_json = CF_TAKE(json);
    return CF_OK;
}

/* ---- Creators ---- */

enum cf_status cf_query_creator(struct cf_query *query, const struct cf_id *campaign_id,
                                struct cf_id *ret_creator_id, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    cf_pg_add_id(cf_query_params__(query), campaign_id);
    CF_TRY(cf_query_run__(query, "query_creator", &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "there is no such campaign");
    *ret_creator_id = cf_pg_id(rows, 0, "creator");
    return CF_OK;
}

enum cf_status cf_query_analytics(struct cf_query *query, const struct cf_id *campaign_id,
                                  struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    static const char *const parts[][2] = {{"analytics_summary", "summary"},
                                           {"analytics_days", "days"},
                                           {"analytics_rewards", "rewards"},
                                           {"analytics_referrers", "referrers"}};
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cf_pg_add_id(cf_query_params__(query), campaign_id);
        CF_TRY(list_add(query, parts[i][0], json, parts[i][1], reterr_fault));
    }
    /* The summary is one row. */
    cf_json_set(json, "summary", cf_json_copy(cf_json_at(json, "summary.0")));
    *ret_json = CF_TAKE(json);
    return CF_OK;
}

/* The parameters that a list's page has. */
static void add_page(struct cf_query *query, const struct cf_id *of, int64_t before,
                     int64_t count_max)
{
    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_add_id(params, of);
    cf_pg_add_int64(params, before);
    cf_pg_add_int64(params, count_max);
}

enum cf_status cf_query_hours(struct cf_query *query, const struct cf_id *campaign_id,
                              int64_t before, int64_t count_max, struct cf_json **ret_json,
                              struct cf_fault *reterr_fault)
{
    add_page(query, campaign_id, before, count_max);
    return page_make(query, "analytics_hours", "hours", "hour", count_max, ret_json, reterr_fault);
}

enum cf_status cf_query_transactions(struct cf_query *query, const struct cf_id *campaign_id,
                                     int64_t before, int64_t count_max, struct cf_json **ret_json,
                                     struct cf_fault *reterr_fault)
{
    add_page(query, campaign_id, before, count_max);
    return page_make(query, "transactions_of_campaign", "transactions", "place", count_max,
                     ret_json, reterr_fault);
}

enum cf_status cf_query_payouts(struct cf_query *query, const struct cf_id *creator_id,
                                int64_t before, int64_t count_max, struct cf_json **ret_json,
                                struct cf_fault *reterr_fault)
{
    add_page(query, creator_id, before, count_max);
    return page_make(query, "payouts_of_creator", "payouts", "place", count_max, ret_json,
                     reterr_fault);
}

/* ---- Finance ---- */

enum cf_status cf_query_trial_balance(struct cf_query *query, int64_t as_of,
                                      struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    cf_pg_add_int64(cf_query_params__(query), as_of);
    CF_TRY(list_add(query, "trial_balance", json, "accounts", reterr_fault));
    cf_json_set_integer(json, "as_of", as_of);
    *ret_json = CF_TAKE(json);
    return CF_OK;
}

enum cf_status cf_query_statement(struct cf_query *query,
                                  const struct cf_query_statement *statement,
                                  struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_add_bytes(params, statement->account);
    cf_pg_add_bytes(params, statement->currency);
    cf_pg_add_int64(params, statement->as_of);
    cf_pg_add_int64(params, statement->after);
    cf_pg_add_int64(params, statement->count_max);
    struct cf_json *json = NULL;
    CF_TRY(page_make(query, "account_statement", "postings", "place", statement->count_max, &json,
                     reterr_fault));
    cf_json_set_integer(json, "as_of", statement->as_of);
    *ret_json = json;
    return CF_OK;
}

/* ---- Operators ---- */

enum cf_status cf_query_operations(struct cf_query *query, int64_t head, struct cf_bytes state,
                                   int64_t count_max, struct cf_json **ret_json,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    struct cf_pg_params *params = cf_query_params__(query);
    if (head > 0)
        cf_pg_add_int64(params, head);
    else
        cf_pg_add_null(params);
    CF_TRY(list_add(query, "operations_models", json, "models", reterr_fault));
    params = cf_query_params__(query);
    cf_pg_add_bytes(params, state);
    cf_pg_add_int64(params, count_max);
    CF_TRY(list_add(query, "operations_requests", json, "requests", reterr_fault));
    cf_pg_add_int64(cf_query_params__(query), count_max);
    CF_TRY(list_add(query, "operations_notices", json, "notices", reterr_fault));
    *ret_json = CF_TAKE(json);
    return CF_OK;
}
