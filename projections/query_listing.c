/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of campaigns: first which ones, along an index; then what their cards show. A cursor is the
 * last row's sort value and id, so a page costs the same wherever it is and nothing is shown twice.
 */
#include "projections/query_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct sort {
    const char *name;
    const char *statement;
};

static const struct sort sorts[] = {
    {"trending", "query_listing_trending"},
    {"newest", "query_listing_newest"},
    {"ending_soon", "query_listing_ending_soon"},
    {"most_funded", "query_listing_most_funded"},
};

static const struct sort *sort_find(struct cf_bytes name)
{
    if (name.size == 0)
        return &sorts[0];
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++)
        if (cf_bytes_equal(name, cf_bytes_from_text(sorts[i].name)))
            return &sorts[i];
    return NULL;
}

/* "<sort value>.<id>" */
static enum cf_status cursor_parse(struct cf_bytes cursor, int64_t *ret_value,
                                   struct cf_id *ret_campaign_id)
{
    char text[64];
    if (cursor.size >= sizeof text)
        return CF_INVALID;
    memcpy(text, cursor.data, cursor.size);
    text[cursor.size] = '\0';
    char *dot = NULL;
    long long value = strtoll(text, &dot, 10);
    if (dot == text || *dot != '.')
        return CF_INVALID;
    *ret_value = value;
    return cf_id_parse(cf_bytes_from_text(dot + 1), ret_campaign_id);
}

static void cursor_set(struct cf_json *json, const struct cf_pg_rows *rows, size_t row)
{
    char id_text[CF_ID_TEXT_SIZE];
    cf_id_print(cf_pg_id(rows, row, "campaign"), id_text);
    char cursor[64];
    snprintf(cursor, sizeof cursor, "%" PRId64 ".%s", cf_pg_int64(rows, row, "sort_value"),
             id_text);
    cf_json_set_text(json, "next", cursor);
}

static void filter_add(struct cf_pg_params *params, struct cf_bytes value)
{
    if (value.size == 0)
        cf_pg_add_null(params);
    else
        cf_pg_add_bytes(params, value);
}

static enum cf_status which(struct cf_query *query, const struct cf_query_listing *listing,
                            struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault)
{
    const struct sort *sort = sort_find(listing->sort);
    if (sort == NULL)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "no such sort", "sort");
    int64_t after_value = 0;
    struct cf_id after_id = {{0}};
    if (listing->cursor.size > 0 && cursor_parse(listing->cursor, &after_value, &after_id) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not a cursor of ours", "cursor");

    struct cf_pg_params *params = cf_query_params__(query);
    bool is_near = listing->radius_m > 0;
    if (is_near) {
        cf_pg_add_int64(params, listing->latitude_microdegrees);
        cf_pg_add_int64(params, listing->longitude_microdegrees);
        cf_pg_add_int64(params, listing->radius_m);
    } else if (listing->words.size > 0) {
        cf_pg_add_bytes(params, listing->words);
    }
    filter_add(params, listing->status);
    filter_add(params, listing->category);
    filter_add(params, listing->model);
    if (!is_near)
        filter_add(params, listing->country);
    cf_pg_add_bool(params, listing->cursor.size == 0);
    cf_pg_add_int64(params, after_value);
    cf_pg_add_id(params, &after_id);
    cf_pg_add_int64(params, listing->count_max + 1);
    const char *statement = is_near                   ? "search_near"
                            : listing->words.size > 0 ? "search_campaigns"
                                                      : sort->statement;
    return cf_query_run__(query, statement, ret_rows, reterr_fault);
}

static struct cf_json *card_json(const struct cf_pg_rows *rows, size_t row,
                                 const struct cf_id *campaign_id, struct cf_query_texts *texts)
{
    static const char *const words[] = {"slug",  "category", "subcategory", "country",
                                        "place", "model",    "state",       "status"};
    struct cf_json *card = cf_json_object();
    cf_query_set_id__(card, "id", campaign_id);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cf_query_set_text__(card, words[i], rows, row);
    cf_query_set_totals__(card, rows, row);
    cf_query_set_time__(card, "launched_at", cf_pg_int64(rows, row, "launched_at_us"));
    cf_query_set_time__(card, "ends_at", cf_pg_int64(rows, row, "ends_at_us"));
    cf_query_seal_add__(texts,
                        &(struct cf_query_sealed){.subject_id = campaign_id,
                                                  .ciphertext = cf_pg_bytes(rows, row, "title"),
                                                  .object = card,
                                                  .member = "title"});
    return card;
}

enum cf_status cf_query_campaigns(struct cf_query *query, const struct cf_query_listing *listing,
                                  const struct cf_query_unsealer *unsealer,
                                  struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *found = NULL;
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *cards = NULL;
    CF_TRY(which(query, listing, &found, reterr_fault));
    size_t count = cf_pg_rows_count(found);
    bool more = count > (size_t)listing->count_max;
    if (more)
        count--;

    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_array_begin(params, CF_PG_ID);
    for (size_t i = 0; i < count; i++) {
        struct cf_id id = cf_pg_id(found, i, "campaign");
        cf_pg_array_id(params, &id);
    }
    cf_pg_array_end(params);
    CF_TRY(cf_query_run__(query, "query_cards", &cards, reterr_fault));

    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    struct cf_json *list = cf_json_array();
    cf_json_set(json, "campaigns", list);
    struct cf_query_texts texts = {.count = 0};
    struct cf_id ids[CF_QUERY_TEXTS_MAX];
    for (size_t i = 0; i < cf_pg_rows_count(cards) && i < CF_QUERY_TEXTS_MAX; i++) {
        ids[i] = cf_pg_id(cards, i, "campaign");
        cf_json_append(list, card_json(cards, i, &ids[i], &texts));
    }
    if (more)
        cursor_set(json, found, count - 1);
    else
        cf_json_set_null(json, "next");
    CF_TRY(cf_query_unseal__(&texts, unsealer, reterr_fault));
    *ret_json = CF_TAKE(json);
    return CF_OK;
}

enum cf_status cf_query_categories(struct cf_query *query, struct cf_json **ret_json,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    cf_query_params__(query);
    CF_TRY(cf_query_run__(query, "query_categories", &rows, reterr_fault));
    struct cf_json *list = cf_json_array();
    for (size_t i = 0; i < cf_pg_rows_count(rows); i++)
        cf_json_append(list, cf_json_from_text(cf_pg_text(rows, i, "category")));
    *ret_json = cf_json_object();
    cf_json_set(*ret_json, "categories", list);
    return CF_OK;
}
