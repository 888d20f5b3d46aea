/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every event passes through JSON unchanged; a field that is wrong is named.
 * Shown: for every event, full and sparse, over seeds; and by cases.
 */
#include "core/shape_json.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

static void test_shape_json__every_event_passes_through(void **state)
{
    (void)state;
    struct cf_buf buf;
    struct cf_arena arena;
    cf_buf_init(&buf, 1 << 20);
    cf_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        for (uint32_t seed = 0; seed < 6; seed++) {
            struct cf_event event = cf_sample_event(cf_event_type_at(i), seed, seed % 2);
            struct cf_event again = {.type = event.type};
            const struct cf_shape *shape = cf_event_shape(event.type);
            cf_buf_clear(&buf);
            cf_arena_reset(&arena);
            struct cf_json_writer writer = cf_json_writer_to(&buf);
            cf_shape_write_json(shape, cf_event_value(&event), &writer);
            assert_int_equal(cf_json_writer_finish(&writer), CF_OK);

            CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *root = NULL;
            assert_int_equal(cf_json_parse(cf_buf_bytes(&buf), &root, NULL), CF_OK);
            assert_int_equal(cf_shape_read_json(shape, root, &arena, &again.ledger_opened, NULL),
                             CF_OK);
            assert_true(cf_event_equal(&event, &again));
        }
    }
    cf_arena_clean_up(&arena);
    cf_buf_clean_up(&buf);
}

static void test_shape_json__names_the_field_that_is_wrong(void **state)
{
    (void)state;
#define ID "\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\""
    static const struct {
        const char *json, *detail;
    } cases[] = {
        {"{}", "user_balance_netted.user_id"},
        {"[]", "user_balance_netted"},
        {"{\"user_id\":1,\"currency\":\"EUR\",\"amount\":1}", "user_balance_netted.user_id"},
        {"{\"user_id\":" ID ",\"currency\":\"XXX\",\"amount\":1}", "user_balance_netted.currency"},
        {"{\"user_id\":" ID ",\"currency\":\"EUR\",\"amount\":1.0}", "user_balance_netted.amount"},
        {"{\"user_id\":" ID ",\"currency\":\"EUR\",\"amount\":-1}", "user_balance_netted.amount"},
        {"{\"user_id\":" ID ",\"currency\":\"EUR\",\"amount\":1,\"x\":2}", "user_balance_netted.x"},
        {"{\"user_id\":\"00000000-0000-0000-0000-000000000000\",\"currency\":\"EUR\",\"amount\":1}",
         "user_balance_netted.user_id"},
    };
#undef ID
    const struct cf_shape *shape = cf_event_shape(CF_EVENT_USER_BALANCE_NETTED);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *root = NULL;
        assert_int_equal(cf_json_parse(cf_bytes_from_text(cases[i].json), &root, NULL), CF_OK);
        struct cf_event_user_balance_netted value;
        struct cf_fault fault = {0};
        assert_int_equal(cf_shape_read_json(shape, root, NULL, &value, &fault), CF_INVALID);
        assert_string_equal(fault.detail, cases[i].detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_json__every_event_passes_through),
        cmocka_unit_test(test_shape_json__names_the_field_that_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
