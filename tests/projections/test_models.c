/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the journal reads every event that has postings;
 * trend and add-ons are what their headers say.
 * Shown: over the whole catalogue with sample events, and by calls.
 */
#include "core/journal/postings.h"
#include "projections/funding/items.h"
#include "projections/funding/trend.h"
#include "projections/model.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

static void test_journal__reads_every_event_that_has_postings(void **state)
{
    (void)state;
    const struct cf_model *journal = cf_model_find("journal");
    assert_non_null(journal);
    size_t count = 0;
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        enum cf_event_type type = cf_event_type_at(i);
        struct cf_event event = cf_sample_event(type, 3, false);
        struct cf_postings postings;
        /* A sample's parts seldom sum to zero; that it is looked at is enough. */
        bool posts = cf_postings(&event, &postings, NULL) != CF_OK || postings.count > 0;
        if (posts != (journal->handlers[type] != NULL))
            fail_msg("%s", cf_event_name((uint32_t)type));
        count += posts;
    }
    assert_true(count > 25);
}

static void test_trend__orders_by_recent_pledges(void **state)
{
    (void)state;
    const int64_t day_us = CF_TREND_HALF_LIFE_US / 2, now_us = 1000 * day_us;
    /* Two at once weigh as much as one a half-life later. */
    int64_t two = cf_trend_add(cf_trend_add(0, now_us), now_us);
    int64_t one_later = cf_trend_add(0, now_us + CF_TREND_HALF_LIFE_US);
    int64_t apart = two > one_later ? two - one_later : one_later - two;
    assert_true(apart < day_us / 100);
    /* Ten old ones weigh less than one new one, ten new ones more than two. */
    int64_t old = 0, many = 0;
    for (int i = 0; i < 10; i++) {
        old = cf_trend_add(old, now_us - 20 * day_us);
        many = cf_trend_add(many, now_us);
    }
    assert_true(old < cf_trend_add(0, now_us));
    assert_true(many > two);
    /* A late piece of news only ever adds. */
    assert_true(cf_trend_add(many, now_us - 20 * day_us) >= many);
}

static void test_items__come_back_as_they_were_written(void **state)
{
    (void)state;
    struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_AMENDED, 5, false);
    const struct cf_items *items = &event.pledge_amended.add_ons;
    assert_true(items->count > 1);
    uint8_t bytes[CF_ITEMS_SIZE_MAX];
    size_t size = cf_items_write(items, bytes);
    struct cf_items back;
    assert_int_equal(cf_items_read(cf_bytes_from(bytes, size), &back), CF_OK);
    assert_int_equal(back.count, items->count);
    for (uint32_t i = 0; i < back.count; i++) {
        assert_true(cf_id_equal(back.items[i].reward_id, items->items[i].reward_id));
        assert_int_equal(back.items[i].quantity, items->items[i].quantity);
        assert_int_equal(cf_money_minor(back.items[i].amount),
                         cf_money_minor(items->items[i].amount));
    }
    assert_int_equal(cf_items_read(cf_bytes_from(bytes, size - 1), &back), CF_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal__reads_every_event_that_has_postings),
        cmocka_unit_test(test_trend__orders_by_recent_pledges),
        cmocka_unit_test(test_items__come_back_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
