/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: buffers and arenas never outgrow their maximum and a fault says what, where and on
 * what. Shown: by filling them to the brim, and by failing on purpose.
 */
#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/scope.h"
#include "core/base/status.h"
#include "tests/support/cmocka.h"

static void test_buf__never_grows_past_its_maximum(void **state)
{
    (void)state;
    struct cf_buf buf;
    cf_buf_init(&buf, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cf_buf_append_byte(&buf, (uint8_t)i), CF_OK);
    assert_int_equal(cf_buf_append_byte(&buf, 1), CF_NO_SPACE);
    assert_int_equal(cf_buf_reserve(&buf, SIZE_MAX), CF_NO_SPACE);
    assert_int_equal(buf.size, 100);
    assert_int_equal(buf.data[99], 99);
    cf_buf_clean_up(&buf);
    assert_int_equal(cf_buf_append_format(&buf, "%d-%s", 7, "x"), CF_OK);
    assert_memory_equal(buf.data, "7-x", 3);
    assert_int_equal(buf.size, 3);
    cf_buf_clean_up(&buf);
}

static void test_bytes__compare_as_memcmp_then_by_length(void **state)
{
    (void)state;
    assert_true(cf_bytes_compare(CF_BYTES_LITERAL("a"), CF_BYTES_LITERAL("b")) < 0);
    assert_true(cf_bytes_compare(CF_BYTES_LITERAL("ab"), CF_BYTES_LITERAL("a")) > 0);
    assert_int_equal(cf_bytes_compare(CF_BYTES_LITERAL(""), CF_BYTES_LITERAL("")), 0);
}

static void test_arena__gives_zeroed_memory_up_to_its_maximum(void **state)
{
    (void)state;
    struct cf_arena arena;
    cf_arena_init(&arena, 1000);
    for (int round = 0; round < 3; round++) {
        uint8_t *memory = cf_arena_allocate(&arena, 1000);
        assert_non_null(memory);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, 1000);
        assert_null(cf_arena_allocate(&arena, 1));
        struct cf_bytes copy;
        assert_int_equal(cf_arena_copy(&arena, CF_BYTES_LITERAL("x"), &copy), CF_NO_SPACE);
        cf_arena_reset(&arena);
    }
    cf_arena_clean_up(&arena);
}

static enum cf_status fail_at_three(struct cf_fault *reterr_fault)
{
    CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a byte is wrong", 3);
}

static void test_fault__says_what_where_and_on_what(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    assert_int_equal(fail_at_three(&fault), CF_CORRUPT);
    assert_int_equal(fault.offset, 3);
    assert_string_equal(fault.text, "a byte is wrong");
    assert_int_equal(cf_fault_detail(&fault, "record %d", 9), CF_CORRUPT);
    assert_string_equal(fault.detail, "record 9");
    assert_int_equal(fail_at_three(NULL), CF_CORRUPT);
}

static void test_take__leaves_nothing_behind(void **state)
{
    (void)state;
    CF_CLEANUP(cf_scope_free) char *text = strdup("kept");
    char *kept = CF_TAKE(text);
    assert_null(text);
    assert_string_equal(kept, "kept");
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__never_grows_past_its_maximum),
        cmocka_unit_test(test_bytes__compare_as_memcmp_then_by_length),
        cmocka_unit_test(test_arena__gives_zeroed_memory_up_to_its_maximum),
        cmocka_unit_test(test_fault__says_what_where_and_on_what),
        cmocka_unit_test(test_take__leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
