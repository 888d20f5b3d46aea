/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what visitors and backers see is what the rows say: lists in every order and with every filter,
 * page by page, each campaign once; a campaign's page with its totals and stock; a backer's pledges; news, of
 * which some is for backers alone; no text of an erased creator.
 * Shown: on a made-up history, against rows that the test reads and sorts itself.
 */
#include "core/base/scope.h"
#include "projections/funding/tables.h"
#include "projections/table_reader.h"
#include "projections/updates/tables.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_COUNT = 8000, CAMPAIGNS_COUNT = 60, PAGE = 7, ROWS_MAX = 20000 };

static struct cf_history *history;
static struct cf_test_followed followed;

/* All rows of one table, without the values that they own. */
static size_t read_rows(const struct cf_table *table, void *rows, size_t rows_max)
{
    struct cf_table_reader reader;
    size_t count = 0;
    assert_int_equal(cf_table_reader_open(&reader, followed.pg, table, NULL), CF_OK);
    for (; cf_table_reader_next(&reader, NULL) == CF_OK; count++) {
        assert_true(count < rows_max);
        memcpy((uint8_t *)rows + count * table->row_size, reader.row, table->row_size);
    }
    cf_table_reader_close(&reader);
    return count;
}

/* Opens whatever is sealed. */
static enum cf_status open_all_texts(void *context, const struct cf_query_sealed *sealed,
                                     size_t count, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)reterr_fault;
    for (size_t i = 0; i < count; i++)
        cf_json_set_text(sealed[i].object, sealed[i].member, "open");
    return CF_OK;
}

static const struct cf_query_unsealer unsealer = {.unseal = open_all_texts};

static int64_t number(const struct cf_json *json, const char *path)
{
    int64_t value = 0;
    if (!cf_json_integer(cf_json_at(json, path), &value))
        fail_msg("no number %s", path);
    return value;
}

static void expect_id(const struct cf_json *object, const char *member, struct cf_id id)
{
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(id, text);
    assert_string_equal(cf_json_text(cf_json_get(object, member)), text);
}

/* -- Lists ---------------------------------------------------------------------------------- */

static struct cf_row_listing listed[CAMPAIGNS_COUNT];
static size_t listed_count;

/* The value of a row that a list is sorted by, the greatest first. */
typedef int64_t sort_value_fn(const struct cf_row_listing *row);

static int64_t by_trend(const struct cf_row_listing *row)
{
    return row->trend;
}

static int64_t by_launch(const struct cf_row_listing *row)
{
    return row->launched_at_us;
}

static int64_t by_end(const struct cf_row_listing *row)
{
    return -row->ends_at_us;
}

static int64_t by_funding(const struct cf_row_listing *row)
{
    return row->funded_bps;
}

static const struct sort {
    const char *name;
    sort_value_fn *value;
} sorts[] = {{"trending", by_trend},
             {"newest", by_launch},
             {"ending_soon", by_end},
             {"most_funded", by_funding}};

/* Ties go by id: the greatest first, where the sort value is the greatest first. */
static int compare_listed(const void *a, const void *b, void *user)
{
    const struct sort *sort = user;
    const struct cf_row_listing *x = a, *y = b;
    int64_t left = sort->value(x), right = sort->value(y);
    int order = memcmp(y->campaign.bytes, x->campaign.bytes, CF_ID_SIZE);
    if (left != right)
        return left < right ? 1 : -1;
    return sort->value == by_end ? -order : order;
}

static bool fits(const struct cf_row_listing *row, const struct cf_query_listing *listing)
{
    return row->is_public &&
           (listing->status.size == 0 ||
            cf_bytes_equal(listing->status, cf_bytes_from_text(row->status.text))) &&
           (listing->model.size == 0 ||
            cf_bytes_equal(listing->model, cf_bytes_from_text(row->model.text)));
}

static size_t check_list(struct cf_query_listing listing)
{
    char cursor[128] = "";
    size_t at = 0, count = 0;
    for (bool more = true; more;) {
        struct cf_json *page = NULL;
        listing.cursor = cf_bytes_from_text(cursor);
        assert_int_equal(cf_query_campaigns(followed.query, &listing, &unsealer, &page, NULL),
                         CF_OK);
        const struct cf_json *list = cf_json_get(page, "campaigns");
        for (size_t i = 0; i < cf_json_size(list); i++, at++, count++) {
            while (at < listed_count && !fits(&listed[at], &listing))
                at++;
            assert_true(at < listed_count);
            expect_id(cf_json_item(list, i), "id", listed[at].campaign);
            assert_true(cf_json_is(cf_json_get(cf_json_item(list, i), "title"), "open"));
        }
        const char *next = cf_json_text(cf_json_get(page, "next"));
        more = next != NULL;
        snprintf(cursor, sizeof cursor, "%s", more ? next : "");
        cf_json_destroy(page);
    }
    while (at < listed_count && !fits(&listed[at], &listing))
        at++;
    assert_int_equal(at, listed_count);
    return count;
}

static void test_lists__come_in_every_order_and_with_every_filter(void **state)
{
    (void)state;
    listed_count = read_rows(&cf_table_listing, listed, CAMPAIGNS_COUNT);
    assert_int_equal(listed_count, CAMPAIGNS_COUNT);
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        qsort_r(listed, listed_count, sizeof listed[0], compare_listed,
                (void *)(uintptr_t)&sorts[i]);
        struct cf_query_listing listing = {.sort = cf_bytes_from_text(sorts[i].name),
                                           .count_max = PAGE};
        assert_int_equal(check_list(listing), CAMPAIGNS_COUNT);
        listing.status = cf_bytes_from_text("active");
        assert_int_equal(check_list(listing), CAMPAIGNS_COUNT);
        listing.status = cf_bytes_from_text("failed");
        assert_int_equal(check_list(listing), 0);
        listing.status = (struct cf_bytes){0};
        size_t count = 0;
        static const char *const models_of_funding[] = {"aon", "kia", "hybrid"};
        for (size_t m = 0; m < 3; m++) {
            listing.model = cf_bytes_from_text(models_of_funding[m]);
            count += check_list(listing);
        }
        assert_int_equal(count, CAMPAIGNS_COUNT);
    }
}

static void test_lists__categories_part_them(void **state)
{
    (void)state;
    struct cf_json *categories = NULL;
    assert_int_equal(cf_query_categories(followed.query, &categories, NULL), CF_OK);
    const struct cf_json *names = cf_json_get(categories, "categories");
    size_t count = 0;
    assert_true(cf_json_size(names) > 2);
    for (size_t i = 0; i < cf_json_size(names); i++) {
        const char *name = cf_json_text(cf_json_item(names, i));
        const struct cf_query_listing listing = {.category = cf_bytes_from_text(name),
                                                 .count_max = 100};
        struct cf_json *page = NULL;
        assert_int_equal(cf_query_campaigns(followed.query, &listing, &unsealer, &page, NULL),
                         CF_OK);
        const struct cf_json *list = cf_json_get(page, "campaigns");
        for (size_t j = 0; j < cf_json_size(list); j++, count++)
            assert_true(cf_json_is(cf_json_get(cf_json_item(list, j), "category"), name));
        cf_json_destroy(page);
    }
    assert_int_equal(count, CAMPAIGNS_COUNT);
    cf_json_destroy(categories);
}

static void test_lists__refuse_what_is_no_order_and_no_cursor(void **state)
{
    (void)state;
    struct cf_json *page = NULL;
    struct cf_fault fault = {0};
    struct cf_query_listing listing = {.sort = CF_BYTES_LITERAL("cheapest"), .count_max = PAGE};
    assert_int_equal(cf_query_campaigns(followed.query, &listing, &unsealer, &page, &fault),
                     CF_INVALID);
    assert_string_equal(fault.detail, "sort");
    listing = (struct cf_query_listing){.cursor = CF_BYTES_LITERAL("12.x"), .count_max = PAGE};
    assert_int_equal(cf_query_campaigns(followed.query, &listing, &unsealer, &page, &fault),
                     CF_INVALID);
    assert_string_equal(fault.detail, "cursor");
}

/* -- A campaign's page ---------------------------------------------------------------------- */

static void check_page(const struct cf_row_campaign_total *total,
                       const struct cf_row_reward_total *rewards, size_t rewards_count)
{
    struct cf_json *page = NULL;
    struct cf_id creator;
    bool is_public = false;
    int64_t claimed = 0;
    assert_int_equal(cf_query_campaign(followed.query, &total->campaign, &unsealer, &page, &creator,
                                       &is_public, NULL),
                     CF_OK);
    assert_true(is_public);
    assert_int_equal(number(page, "pledged"),
                     total->is_locked ? total->locked_pledged : total->pledged);
    assert_int_equal(number(page, "held"), total->held);
    assert_int_equal(number(page, "collected"), total->collected);
    assert_int_equal(number(page, "backers"),
                     total->is_locked ? total->locked_backers : total->backers);
    assert_int_equal(number(page, "backers") > 0, number(page, "pledged") > 0);
    assert_int_equal(number(page, "goal"), total->goal);
    assert_int_equal(number(page, "percent_bps"),
                     (__int128)number(page, "pledged") * 10000 / total->goal);
    const struct cf_json *offered = cf_json_get(page, "rewards");
    for (size_t i = 0; i < cf_json_size(offered); i++)
        claimed += number(cf_json_item(offered, i), "claimed");
    for (size_t i = 0; i < rewards_count; i++)
        if (cf_id_equal(rewards[i].campaign, total->campaign))
            claimed -= rewards[i].claimed;
    assert_int_equal(claimed, 0);
    cf_json_destroy(page);
}

static void test_campaign__page_is_what_the_totals_say(void **state)
{
    (void)state;
    static struct cf_row_campaign_total totals[CAMPAIGNS_COUNT];
    static struct cf_row_reward_total rewards[ROWS_MAX];
    size_t count = read_rows(&cf_table_campaign_total, totals, CAMPAIGNS_COUNT);
    size_t rewards_count = read_rows(&cf_table_reward_total, rewards, ROWS_MAX);
    assert_true(rewards_count > 10);
    for (size_t i = 0; i < count; i++)
        check_page(&totals[i], rewards, rewards_count);
}

/* -- A backer's pledges --------------------------------------------------------------------- */

static int compare_pledges(const void *a, const void *b)
{
    const struct cf_row_pledge *x = a, *y = b;
    int order = memcmp(x->backer.bytes, y->backer.bytes, CF_ID_SIZE);
    if (order != 0)
        return order;
    return x->created_at_sequence < y->created_at_sequence ? 1 : -1;
}

static void test_pledges__of_a_backer_newest_first(void **state)
{
    (void)state;
    static struct cf_row_pledge pledges[ROWS_MAX];
    size_t count = read_rows(&cf_table_pledge, pledges, ROWS_MAX), at = 0;
    qsort(pledges, count, sizeof pledges[0], compare_pledges);
    assert_true(count > 500);
    while (at < count) {
        struct cf_id backer = pledges[at].backer;
        int64_t before = INT64_MAX;
        for (bool more = true; more;) {
            struct cf_json *page = NULL;
            assert_int_equal(cf_query_pledges(followed.query, &backer, before, PAGE, &page, NULL),
                             CF_OK);
            const struct cf_json *list = cf_json_get(page, "pledges");
            for (size_t i = 0; i < cf_json_size(list); i++, at++) {
                const struct cf_json *pledge = cf_json_item(list, i);
                assert_true(at < count && cf_id_equal(pledges[at].backer, backer));
                expect_id(pledge, "id", pledges[at].pledge);
                assert_int_equal(number(pledge, "amount"), pledges[at].amount);
                assert_true(cf_json_is(cf_json_get(pledge, "status"), pledges[at].status.text));
            }
            more = cf_json_integer(cf_json_get(page, "next"), &before);
            cf_json_destroy(page);
        }
        assert_true(at == count || !cf_id_equal(pledges[at].backer, backer));
    }
}

/* -- News ----------------------------------------------------------------------------------- */

/* How many of a campaign's news somebody may read. */
static size_t count_open(struct cf_id campaign, struct cf_id viewer, size_t *ret_count)
{
    struct cf_json *page = NULL;
    size_t open = 0;
    assert_int_equal(cf_query_updates(followed.query, &campaign, &viewer, INT64_MAX, 1000,
                                      &unsealer, &page, NULL),
                     CF_OK);
    const struct cf_json *list = cf_json_get(page, "updates");
    for (size_t i = 0; i < cf_json_size(list); i++)
        open += cf_json_is(cf_json_at(cf_json_item(list, i), "title"), "open");
    *ret_count = cf_json_size(list);
    cf_json_destroy(page);
    return open;
}

static void test_updates__for_backers_are_for_them_and_the_creator(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    if (cf_pg_script(followed.pg, "UPDATE campaign_update SET is_for_backers = true", &fault) !=
        CF_OK)
        fail_msg("%s", fault.detail);
    static struct cf_row_campaign_update updates[ROWS_MAX];
    static struct cf_row_backing backings[ROWS_MAX];
    size_t count = read_rows(&cf_table_campaign_update, updates, ROWS_MAX), shown = 0;
    size_t backings_count = read_rows(&cf_table_backing, backings, ROWS_MAX);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct cf_id campaign = updates[i].campaign, nobody = {{0}};
        assert_int_equal(count_open(campaign, nobody, &shown), 0);
        assert_true(shown > 0);
        for (size_t j = 0; j < listed_count; j++)
            if (cf_id_equal(listed[j].campaign, campaign))
                assert_int_equal(count_open(campaign, listed[j].creator, &shown), shown);
        for (size_t j = 0; j < backings_count; j++)
            if (cf_id_equal(backings[j].campaign, campaign))
                assert_int_equal(count_open(campaign, backings[j].backer, &shown),
                                 backings[j].pledges > 0 ? shown : 0);
    }
}

/* -- Erasure -------------------------------------------------------------------------------- */

static size_t opened_texts;

/* Opens whatever is sealed, and counts it, but for names: their key goes with the person. */
static enum cf_status count_texts(void *context, const struct cf_query_sealed *sealed, size_t count,
                                  struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < count; i++)
        opened_texts += strcmp(sealed[i].member, "creator_name") != 0;
    return open_all_texts(context, sealed, count, reterr_fault);
}

/* How many texts its page, its card and its news open. */
static size_t count_texts_of(struct cf_id campaign, struct cf_id viewer)
{
    const struct cf_query_unsealer counter = {.unseal = count_texts};
    const struct cf_query_listing listing = {.sort = CF_BYTES_LITERAL("newest"),
                                             .count_max = CAMPAIGNS_COUNT};
    struct cf_json *page = NULL, *news = NULL, *cards = NULL;
    struct cf_id creator;
    bool is_public;
    opened_texts = 0;
    assert_int_equal(
        cf_query_campaign(followed.query, &campaign, &counter, &page, &creator, &is_public, NULL),
        CF_OK);
    assert_int_equal(cf_query_updates(followed.query, &campaign, &viewer, INT64_MAX, 1000, &counter,
                                      &news, NULL),
                     CF_OK);
    size_t opened = opened_texts;
    assert_int_equal(cf_query_campaigns(followed.query, &listing, &unsealer, &cards, NULL), CF_OK);
    const struct cf_json *list = cf_json_get(cards, "campaigns");
    char id[CF_ID_TEXT_SIZE];
    cf_id_print(campaign, id);
    for (size_t i = 0; i < cf_json_size(list); i++)
        opened += cf_json_is(cf_json_get(cf_json_item(list, i), "id"), id) &&
                  cf_json_is(cf_json_get(cf_json_item(list, i), "title"), "open");
    cf_json_destroy(page);
    cf_json_destroy(news);
    cf_json_destroy(cards);
    return opened;
}

static void test_texts__of_an_erased_creator_are_gone(void **state)
{
    (void)state;
    struct cf_id erased = listed[0].creator;
    size_t before[CAMPAIGNS_COUNT], rewards_and_news = 0;
    for (size_t i = 0; i < listed_count; i++) {
        before[i] = count_texts_of(listed[i].campaign, listed[i].creator);
        rewards_and_news += before[i] > 3; /* more than title, story and the card's title */
    }
    assert_true(rewards_and_news > 0);
    cf_test_followed_erase(&followed, erased, cf_history_count(history) + 1);
    for (size_t i = 0; i < listed_count; i++) {
        size_t left = count_texts_of(listed[i].campaign, listed[i].creator);
        assert_int_equal(left, cf_id_equal(listed[i].creator, erased) ? 0 : before[i]);
    }
}

static int make_rows(void **state)
{
    const struct cf_history_options options = {.seed = 41,
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = CAMPAIGNS_COUNT,
                                               .users_count = 120};
    if (cf_history_new(&options, &history) != CF_OK || cf_test_pg_start(state) != 0)
        return -1;
    cf_test_follow(NULL, &followed);
    cf_test_followed_apply(&followed, cf_history_records(history, 1), 1, cf_history_count(history));
    return 0;
}

static int drop_rows(void **state)
{
    cf_test_followed_clean_up(&followed);
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists__come_in_every_order_and_with_every_filter),
        cmocka_unit_test(test_lists__categories_part_them),
        cmocka_unit_test(test_lists__refuse_what_is_no_order_and_no_cursor),
        cmocka_unit_test(test_campaign__page_is_what_the_totals_say),
        cmocka_unit_test(test_pledges__of_a_backer_newest_first),
        cmocka_unit_test(test_updates__for_backers_are_for_them_and_the_creator),
        cmocka_unit_test(test_texts__of_an_erased_creator_are_gone),
    };
    return cmocka_run_group_tests(tests, make_rows, drop_rows);
}
