/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what creators, finance and operators ask is answered from the rows as they are: hours, days,
 * rewards and referrers add up to the total; the trial balance as of any record is that of a log cut there,
 * holds every account and sums to zero; statements run into it; payouts, movements and open requests are
 * those of the log; pages give each row once.
 * Shown: on a made-up history, against rows that the test reads or folds itself.
 */
#include "core/base/scope.h"
#include "core/event/record.h"
#include "core/journal/account_text.h"
#include "core/journal/postings.h"
#include "projections/operations/tables.h"
#include "projections/payouts/tables.h"
#include "projections/query_reports.h"
#include "projections/table_reader.h"
#include "projections/transactions/tables.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdlib.h>

enum { EVENTS_COUNT = 6000, CAMPAIGNS_COUNT = 30, PAGE = 3 };

static struct cf_history *history;
static struct cf_id campaigns[CAMPAIGNS_COUNT], creators[CAMPAIGNS_COUNT];
static struct cf_test_followed followed;

static void apply_all(void)
{
    cf_test_followed_apply(&followed, cf_history_records(history, 1), 1, cf_history_count(history));
}

/* What a query answers: `taken(cf_query_…(…, &answer, &fault))`, or the test's failure. */
static struct cf_json *answer;
static struct cf_fault fault;

static struct cf_json *taken(enum cf_status status)
{
    if (status != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return CF_TAKE(answer);
}

static int64_t number(const struct cf_json *json, const char *path)
{
    int64_t value = 0;
    if (!cf_json_integer(cf_json_at(json, path), &value))
        fail_msg("no number %s", path);
    return value;
}

static int64_t sum(const struct cf_json *list, const char *member)
{
    int64_t total = 0;
    for (size_t i = 0; i < cf_json_size(list); i++)
        total += number(cf_json_item(list, i), member);
    return total;
}

/* -- Creators ------------------------------------------------------------------------------- */

static void check_analytics(struct cf_id campaign, bool *has_returning, bool *has_dropped)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, 4096);
    assert_int_equal(cf_query_totals(followed.query, &campaign, &text, &fault), CF_OK);
    struct cf_json *totals = NULL;
    assert_int_equal(cf_json_parse(cf_buf_bytes(&text), &totals, NULL), CF_OK);
    struct cf_json *report = taken(cf_query_analytics(followed.query, &campaign, &answer, &fault));
    struct cf_json *hours =
        taken(cf_query_hours(followed.query, &campaign, INT64_MAX, 100000, &answer, &fault));
    const struct cf_json *lists[] = {cf_json_get(report, "days"), cf_json_get(hours, "hours")};
    int64_t pledged = number(totals, "pledged");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sum(lists[i], "pledged"), pledged);
        assert_int_equal(sum(lists[i], "collected"), number(totals, "collected"));
    }
    const struct cf_json *referrers = cf_json_get(report, "referrers");
    assert_int_equal(sum(referrers, "pledged"), pledged);
    assert_int_equal(sum(cf_json_get(report, "rewards"), "pledges"), sum(referrers, "pledges"));
    assert_int_equal(sum(cf_json_get(report, "rewards"), "pledged"), pledged);
    assert_int_equal(number(report, "summary.pledges"), sum(referrers, "pledges"));
    assert_int_equal(number(report, "summary.pledged"), pledged);
    assert_int_equal(number(report, "summary.dropped_out"), sum(referrers, "dropped_out"));
    assert_int_equal(number(report, "summary.backers_new") +
                         number(report, "summary.backers_returning"),
                     number(totals, "backers"));
    assert_true(number(report, "summary.median") <= number(report, "summary.largest"));
    *has_returning |= number(report, "summary.backers_returning") > 0;
    *has_dropped |= number(report, "summary.dropped_out") > 0;
    cf_json_destroy(totals);
    cf_json_destroy(report);
    cf_json_destroy(hours);
}

static void test_analytics__add_up_to_the_total(void **state)
{
    (void)state;
    apply_all();
    bool has_returning = false, has_dropped = false;
    for (size_t i = 0; i < CAMPAIGNS_COUNT; i++)
        check_analytics(campaigns[i], &has_returning, &has_dropped);
    assert_true(has_returning && has_dropped);
    struct cf_id nobody = {{1}}, creator;
    assert_int_equal(cf_query_creator(followed.query, &nobody, &creator, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_query_creator(followed.query, &campaigns[3], &creator, NULL), CF_OK);
    assert_memory_equal(creator.bytes, creators[3].bytes, CF_ID_SIZE);
}

/* -- Lists in pages ------------------------------------------------------------------------- */

typedef enum cf_status page_fn(struct cf_query *query, const struct cf_id *of, int64_t before,
                               int64_t count_max, struct cf_json **ret_json,
                               struct cf_fault *reterr_fault);

/* Walks the pages: places fall from row to row, so nothing comes twice. Rows, and the sum of their amounts. */
static size_t walk(page_fn *page, struct cf_id of, const char *member, int64_t *amount)
{
    size_t count = 0;
    int64_t before = INT64_MAX, last = INT64_MAX;
    for (bool more = true; more;) {
        struct cf_json *rows = taken(page(followed.query, &of, before, PAGE, &answer, &fault));
        const struct cf_json *list = cf_json_get(rows, member);
        for (size_t i = 0; i < cf_json_size(list); i++, count++) {
            int64_t place = number(cf_json_item(list, i), "place");
            assert_true(place < last);
            last = place;
        }
        *amount += sum(list, "amount");
        more = cf_json_integer(cf_json_get(rows, "next"), &before);
        assert_true(!more || before == last);
        cf_json_destroy(rows);
    }
    return count;
}

static void test_transactions__are_those_of_the_rows(void **state)
{
    (void)state;
    apply_all();
    size_t count = 0, listed = 0;
    int64_t amount = 0, listed_amount = 0;
    struct cf_table_reader reader;
    assert_int_equal(cf_table_reader_open(&reader, followed.pg, &cf_table_transaction, NULL),
                     CF_OK);
    for (; cf_table_reader_next(&reader, NULL) == CF_OK; count++)
        amount += ((const struct cf_row_transaction *)reader.row)->amount;
    cf_table_reader_close(&reader);
    for (size_t i = 0; i < CAMPAIGNS_COUNT; i++)
        listed += walk(cf_query_transactions, campaigns[i], "transactions", &listed_amount);
    assert_true(count > 100);
    assert_int_equal(listed, count);
    assert_int_equal(listed_amount, amount);
}

static bool seen_before(size_t creator)
{
    for (size_t i = 0; i < creator; i++)
        if (cf_id_equal(creators[i], creators[creator]))
            return true;
    return false;
}

static void test_payouts__are_those_of_the_log(void **state)
{
    (void)state;
    apply_all();
    size_t count = 0, listed = 0;
    int64_t amount = 0, listed_amount = 0;
    for (uint64_t i = 1; i <= cf_history_count(history); i++) {
        struct cf_record record;
        struct cf_event event;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        if (record.event_number != CF_EVENT_PAYOUT_REQUESTED)
            continue;
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        amount += cf_money_minor(event.payout_requested.amount);
        count++;
    }
    for (size_t i = 0; i < CAMPAIGNS_COUNT; i++)
        if (!seen_before(i))
            listed += walk(cf_query_payouts, creators[i], "payouts", &listed_amount);
    assert_true(count > 0);
    assert_int_equal(listed, count);
    assert_int_equal(listed_amount, amount);
}

static void test_operations__are_those_of_the_rows(void **state)
{
    (void)state;
    apply_all();
    size_t count = 0;
    struct cf_table_reader reader;
    assert_int_equal(cf_table_reader_open(&reader, followed.pg, &cf_table_open_request, NULL),
                     CF_OK);
    while (cf_table_reader_next(&reader, NULL) == CF_OK)
        count++;
    cf_table_reader_close(&reader);
    int64_t head = (int64_t)cf_history_count(history);
    struct cf_json *report = taken(cf_query_operations(
        followed.query, head + 7, (struct cf_bytes){0}, 100000, &answer, &fault));
    assert_true(count > 0);
    assert_int_equal(cf_json_size(cf_json_get(report, "requests")), count);
    const struct cf_json *models = cf_json_get(report, "models");
    assert_int_equal(cf_json_size(models), cf_model_count());
    for (size_t i = 0; i < cf_json_size(models); i++)
        assert_int_equal(number(cf_json_item(models, i), "lag"), 7);
    cf_json_destroy(report);
    report = taken(
        cf_query_operations(followed.query, 0, cf_bytes_from_text("parked"), 10, &answer, &fault));
    assert_int_equal(cf_json_kind(cf_json_at(report, "models.0.lag")), CF_JSON_NULL);
    const struct cf_json *parked = cf_json_get(report, "requests");
    for (size_t i = 0; i < cf_json_size(parked); i++)
        assert_true(cf_json_is(cf_json_get(cf_json_item(parked, i), "state"), "parked"));
    cf_json_destroy(report);
}

/* -- Finance -------------------------------------------------------------------------------- */

/* What the first records post to one account, added up by the test. */
static int64_t posted(const char *account, const char *currency, int64_t through)
{
    int64_t balance = 0;
    for (uint64_t i = 1; i <= (uint64_t)through; i++) {
        struct cf_record record;
        struct cf_event event;
        struct cf_postings postings;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        assert_int_equal(cf_postings(&event, &postings, NULL), CF_OK);
        for (size_t line = 0; line < postings.count; line++) {
            char name[CF_ACCOUNT_TEXT_SIZE];
            cf_account_print(&postings.lines[line].account, name);
            if (strcmp(name, account) == 0 &&
                strcmp(cf_currency_letters(postings.lines[line].account.currency), currency) == 0)
                balance += postings.lines[line].minor;
        }
    }
    return balance;
}

static void check_statement(const char *account, const char *currency, int64_t as_of,
                            int64_t balance)
{
    struct cf_query_statement statement = {.account = cf_bytes_from_text(account),
                                           .currency = cf_bytes_from_text(currency),
                                           .as_of = as_of,
                                           .count_max = PAGE};
    int64_t amount = 0, last = 0;
    for (bool more = true; more;) {
        struct cf_json *page =
            taken(cf_query_statement(followed.query, &statement, &answer, &fault));
        const struct cf_json *list = cf_json_get(page, "postings");
        amount += sum(list, "amount");
        if (cf_json_size(list) > 0)
            last = number(cf_json_item(list, cf_json_size(list) - 1), "balance");
        more = cf_json_integer(cf_json_get(page, "next"), &statement.after);
        cf_json_destroy(page);
    }
    assert_int_equal(amount, balance);
    assert_int_equal(last, balance);
}

static void test_trial_balance__is_that_of_the_log_cut_there(void **state)
{
    (void)state;
    apply_all();
    const int64_t as_of = EVENTS_COUNT / 2;
    struct cf_json *report = taken(cf_query_trial_balance(followed.query, as_of, &answer, &fault));
    assert_int_equal(number(report, "as_of"), as_of);
    const struct cf_json *accounts = cf_json_get(report, "accounts");
    size_t count = cf_json_size(accounts), without_owner = 0;
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        const struct cf_json *account = cf_json_item(accounts, i);
        assert_int_equal(number(account, "sum"), 0);
        const char *name = cf_json_text(cf_json_get(account, "account"));
        const char *currency = cf_json_text(cf_json_get(account, "currency"));
        without_owner += strstr(name, "fee") != NULL || strstr(name, "psp") != NULL;
        if (i % 7 == 0 || strstr(name, "psp") != NULL) {
            int64_t balance = number(account, "balance");
            assert_int_equal(posted(name, currency, as_of), balance);
            check_statement(name, currency, as_of, balance);
        }
    }
    assert_true(without_owner > 0);
    cf_json_destroy(report);
}

static int open_all(void **state)
{
    (void)state;
    cf_test_follow(NULL, &followed);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cf_test_followed_clean_up(&followed);
    return 0;
}

static int make_history(void **state)
{
    const struct cf_history_options options = {.seed = 31,
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = CAMPAIGNS_COUNT,
                                               .users_count = 60};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    size_t count = 0;
    for (uint64_t i = 1; count < CAMPAIGNS_COUNT; i++) {
        struct cf_record record;
        struct cf_event event;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        if (record.event_number != CF_EVENT_CAMPAIGN_DRAFTED)
            continue;
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        campaigns[count] = event.campaign_drafted.campaign_id;
        creators[count++] = event.campaign_drafted.creator_id;
    }
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_analytics__add_up_to_the_total),
        TEST(test_transactions__are_those_of_the_rows),
        TEST(test_payouts__are_those_of_the_log),
        TEST(test_operations__are_those_of_the_rows),
        TEST(test_trial_balance__is_that_of_the_log_cut_there),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
