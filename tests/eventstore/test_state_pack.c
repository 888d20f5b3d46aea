/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what was packed comes back, at any size and with any words zero; what is mostly zero is
 * short; bytes that are missing or too many are refused. Shown: on every size up to some words with
 * many patterns, and by taking and adding bytes.
 */
#include "eventstore/state_pack.h"
#include "tests/support/cmocka.h"

#define SIZE_MAX_TRIED 200

static void fill(uint8_t *value, size_t size, uint64_t pattern)
{
    for (size_t at = 0; at < size; at++)
        value[at] = (pattern >> (at / 8 % 64) & 1) != 0 ? (uint8_t)(at * 7 + 1) : 0;
}

static void test_state_pack__brings_back_every_size_and_pattern(void **state)
{
    (void)state;
    const uint64_t patterns[] = {0, 1, 2, 0x5555555555555555, 0x8000000000000001, UINT64_MAX};
    uint8_t value[SIZE_MAX_TRIED], again[SIZE_MAX_TRIED];
    uint8_t packed[CF_PACKED_SIZE_MAX(SIZE_MAX_TRIED) + 1];
    for (size_t size = 1; size <= SIZE_MAX_TRIED; size++) {
        for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
            fill(value, size, patterns[i]);
            size_t packed_size = cf_pack(cf_bytes_from(value, size), packed);
            assert_true(packed_size <= CF_PACKED_SIZE_MAX(size));
            memset(again, 0xee, sizeof again);
            assert_true(cf_unpack(cf_bytes_from(packed, packed_size), again, size));
            assert_memory_equal(again, value, size);
            assert_false(cf_unpack(cf_bytes_from(packed, packed_size + 1), again, size));
            assert_false(cf_unpack(cf_bytes_from(packed, packed_size - 1), again, size));
        }
    }
}

static void test_state_pack__keeps_what_is_mostly_zero_short(void **state)
{
    (void)state;
    uint8_t value[1024] = {[8] = 1, [1016] = 2};
    uint8_t packed[CF_PACKED_SIZE_MAX(sizeof value)];
    assert_int_equal(cf_pack(cf_bytes_from(value, sizeof value), packed), 1024 / 64 + 2 * 8);
}

static void test_state_pack__refuses_another_size(void **state)
{
    (void)state;
    uint8_t value[256] = {1}, packed[CF_PACKED_SIZE_MAX(sizeof value)];
    size_t packed_size = cf_pack(cf_bytes_from(value, sizeof value), packed);
    assert_false(cf_unpack(cf_bytes_from(packed, packed_size), value, 128));
    assert_false(cf_unpack(cf_bytes_from(packed, 3), value, sizeof value));
    assert_false(cf_unpack(cf_bytes_from(packed, 0), value, sizeof value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_pack__brings_back_every_size_and_pattern),
        cmocka_unit_test(test_state_pack__keeps_what_is_mostly_zero_short),
        cmocka_unit_test(test_state_pack__refuses_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
