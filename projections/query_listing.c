/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of campaigns: first which ones, then what their cards show. A cursor is the last row's sort value
 * and id, so a page costs the same wherever it is and nothing is shown twice.
 *
 * Where many pass, a page is soon found along the sort's index. Where few do, all of them are looked up by
 * what they pass, and sorted. Which it is shows by itself: the way along the index ends where the other one
 * is as short.
 */
#include "projections/query_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MATCHES_FEW = 10,     /* fewer make one ask whether the words are typed right */
    MATCHES_RANKED = 600, /* more say little about the words, so that they are listed as trending */
    MATCHES_SOUGHT = 1000, /* that are all looked at, before a page was looked for along the sort */
    MATCHES_MAX = 2000,    /* the same where other filters leave few of them */
    AROUND_MAX = 2000,     /* within a radius, that are looked up by their place */
    NEXT_MAX = 10000,      /* that are looked at along a sort */
    NEXT_WORDS_MAX = 2500, /* the same where most of them have their words looked at */
    NEAR_STEP_M = 1000,
};

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
    if (dot == text || *dot != '.' || value == INT64_MIN)
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

/* What passes() asks for. */
static void filters_add(struct cf_pg_params *params, const struct cf_query_listing *listing,
                        bool is_narrow)
{
    filter_add(params, listing->status);
    filter_add(params, listing->category);
    filter_add(params, listing->model);
    filter_add(params, listing->country);
    if (listing->radius_m > 0) {
        cf_pg_add_int64(params, listing->latitude_microdegrees);
        cf_pg_add_int64(params, listing->longitude_microdegrees);
        cf_pg_add_int64(params, listing->radius_m);
    } else {
        for (int i = 0; i < 3; i++)
            cf_pg_add_null(params);
    }
    cf_pg_add_bool(params, is_narrow);
}

/* The last row of the page before, and how many rows this one may have and one more. */
struct page {
    bool is_first;
    int64_t after_value;
    struct cf_id after_id;
    int64_t count_max;
};

static void page_add(struct cf_pg_params *params, const struct page *page)
{
    cf_pg_add_bool(params, page->is_first);
    cf_pg_add_int64(params, page->after_value);
    cf_pg_add_id(params, &page->after_id);
    cf_pg_add_int64(params, page->count_max);
}

/* The nearest first: a radius that grows until it holds a page, so that few are looked at. */
static enum cf_status find_near(struct cf_query *query, struct cf_query_listing listing,
                                const struct page *page, struct cf_pg_rows **ret_rows,
                                struct cf_fault *reterr_fault)
{
    const int64_t radius_m = listing.radius_m;
    bool is_inside = page->after_value >= 0 && page->after_value < radius_m;
    listing.radius_m = is_inside ? page->after_value + NEAR_STEP_M : radius_m;
    for (;; listing.radius_m *= 4) {
        if (listing.radius_m > radius_m)
            listing.radius_m = radius_m;
        struct cf_pg_params *params = cf_query_params__(query);
        filters_add(params, &listing, true);
        page_add(params, page);
        CF_TRY(cf_query_run__(query, "search_near", ret_rows, reterr_fault));
        if (listing.radius_m == radius_m || (int64_t)cf_pg_rows_count(*ret_rows) == page->count_max)
            return CF_OK;
        cf_pg_rows_destroy(CF_TAKE(*ret_rows));
    }
}

/* What is looked for: the words as asked, or made wider where they are mistyped. */
struct sought {
    char *asked, *query; /* owned texts of tsquery */
    int64_t matches;     /* about so many texts hold it */
};

static void sought_clean_up(struct sought *sought)
{
    free(sought->asked);
    free(sought->query);
}

/* Runs a statement that gives a query and how much it would find. */
static enum cf_status seek(struct cf_query *query, const char *statement, struct cf_bytes words,
                           char **ret_query, int64_t *ret_matches, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    cf_pg_add_bytes(cf_query_params__(query), words);
    CF_TRY(cf_query_run__(query, statement, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        return CF_OK;
    char *text = strdup(cf_pg_text(rows, 0, "query"));
    if (text == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a query");
    free(*ret_query);
    *ret_query = text;
    *ret_matches = cf_pg_int64(rows, 0, "matches");
    return CF_OK;
}

static enum cf_status seek_words(struct cf_query *query, struct cf_bytes words,
                                 struct sought *sought, struct cf_fault *reterr_fault)
{
    CF_TRY(seek(query, "search_asked", words, &sought->asked, &sought->matches, reterr_fault));
    sought->query = strdup(sought->asked);
    if (sought->query == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a query");
    if (sought->matches >= MATCHES_FEW)
        return CF_OK;
    return seek(query, "search_meant", words, &sought->query, &sought->matches, reterr_fault);
}

/* How many lie within the radius, as far as that is worth knowing. */
static enum cf_status count_around(struct cf_query *query, const struct cf_query_listing *listing,
                                   int64_t *ret_matches, struct cf_fault *reterr_fault)
{
    *ret_matches = INT64_MAX;
    if (listing->radius_m <= 0)
        return CF_OK;
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_add_int64(params, listing->latitude_microdegrees);
    cf_pg_add_int64(params, listing->longitude_microdegrees);
    cf_pg_add_int64(params, listing->radius_m);
    CF_TRY(cf_query_run__(query, "search_around", &rows, reterr_fault));
    *ret_matches = cf_pg_int64(rows, 0, "matches");
    return CF_OK;
}

/* Along the sort's index. */
static enum cf_status find_next(struct cf_query *query, const struct cf_query_listing *listing,
                                const struct sought *sought, const struct sort *sort,
                                const struct page *page, struct cf_pg_rows **ret_rows,
                                struct cf_fault *reterr_fault)
{
    struct cf_pg_params *params = cf_query_params__(query);
    filters_add(params, listing, false);
    filter_add(params, cf_bytes_from_text(sought->query == NULL ? "" : sought->query));
    page_add(params, page);
    bool is_few = sought->matches <= MATCHES_MAX;
    bool is_by_words = sought->query != NULL && !is_few && listing->radius_m <= 0;
    cf_pg_add_int64(params, is_by_words ? NEXT_WORDS_MAX : NEXT_MAX);
    cf_pg_add_bool(params, is_few);
    return cf_query_run__(query, sort->statement, ret_rows, reterr_fault);
}

/* All that pass, by a sort, or by how well they match where it is empty. */
static enum cf_status find_all(struct cf_query *query, const struct cf_query_listing *listing,
                               const struct sought *sought, const char *sort, bool is_narrow,
                               const struct page *page, struct cf_pg_rows **ret_rows,
                               struct cf_fault *reterr_fault)
{
    struct cf_pg_params *params = cf_query_params__(query);
    filters_add(params, listing, is_narrow);
    if (sought->query != NULL)
        cf_pg_add_text(params, sought->query);
    page_add(params, page);
    filter_add(params, cf_bytes_from_text(sort));
    if (sought->query == NULL)
        return cf_query_run__(query, "query_listing_all", ret_rows, reterr_fault);
    cf_pg_add_text(params, sought->asked);
    return cf_query_run__(query, "search_campaigns", ret_rows, reterr_fault);
}

/* By a sort, with or without words. */
static enum cf_status find_sorted(struct cf_query *query, const struct cf_query_listing *listing,
                                  const struct sought *sought, const struct sort *sort,
                                  const struct page *page, struct cf_pg_rows **ret_rows,
                                  struct cf_fault *reterr_fault)
{
    bool is_filtered =
        listing->model.size > 0 || listing->country.size > 0 || listing->radius_m > 0;
    bool is_few =
        sought->query != NULL && sought->matches <= (is_filtered ? MATCHES_MAX : MATCHES_SOUGHT);
    int64_t around = 0;
    CF_TRY(count_around(query, listing, &around, reterr_fault));
    if (!is_few && around > AROUND_MAX / 2) {
        CF_TRY(find_next(query, listing, sought, sort, page, ret_rows, reterr_fault));
        if ((int64_t)cf_pg_rows_count(*ret_rows) == page->count_max)
            return CF_OK;
        cf_pg_rows_destroy(CF_TAKE(*ret_rows));
    }
    return find_all(query, listing, sought, sort->name, around <= AROUND_MAX, page, ret_rows,
                    reterr_fault);
}

static enum cf_status find_words(struct cf_query *query, const struct cf_query_listing *listing,
                                 const struct sort *sort, const struct page *page,
                                 struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(sought_clean_up) struct sought sought = {0};
    CF_TRY(seek_words(query, listing->words, &sought, reterr_fault));
    if (listing->sort.size == 0 && sought.matches <= MATCHES_RANKED)
        return find_all(query, listing, &sought, "", false, page, ret_rows, reterr_fault);
    return find_sorted(query, listing, &sought, sort, page, ret_rows, reterr_fault);
}

static enum cf_status find(struct cf_query *query, const struct cf_query_listing *listing,
                           struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault)
{
    const struct sort *sort = sort_find(listing->sort);
    if (sort == NULL)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "no such sort", "sort");
    struct page page = {.is_first = listing->cursor.size == 0, .count_max = listing->count_max + 1};
    if (!page.is_first && cursor_parse(listing->cursor, &page.after_value, &page.after_id) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not a cursor of ours", "cursor");
    if (listing->words.size > 0)
        return find_words(query, listing, sort, &page, ret_rows, reterr_fault);
    if (listing->radius_m > 0 && listing->sort.size == 0)
        return find_near(query, *listing, &page, ret_rows, reterr_fault);
    return find_sorted(query, listing, &(struct sought){0}, sort, &page, ret_rows, reterr_fault);
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
    CF_TRY(find(query, listing, &found, reterr_fault));
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
