/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a session is remembered for CF_SESSION_KEPT_US and not longer, and forgotten at once when
 * told; one token never answers for another.
 * Shown: with times that the test makes up.
 */
#include "api/session.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"

static const struct cf_bytes ours = CF_BYTES_LITERAL("0123456789abcdef");
static const struct cf_bytes other = CF_BYTES_LITERAL("0123456789abcdee");

static void test_sessions__are_remembered_for_a_while(void **state)
{
    (void)state;
    struct cf_sessions *sessions;
    struct cf_id user_id = {{7}};
    struct cf_id found = {{0}};
    assert_int_equal(cf_sessions_new(&sessions), CF_OK);
    assert_false(cf_sessions_find(sessions, ours, 1, &found));
    cf_sessions_remember(sessions, ours, &user_id, 1);
    assert_true(cf_sessions_find(sessions, ours, CF_SESSION_KEPT_US, &found));
    assert_true(cf_id_equal(found, user_id));
    assert_false(cf_sessions_find(sessions, other, 2, &found));
    assert_false(cf_sessions_find(sessions, ours, CF_SESSION_KEPT_US + 1, &found));
    cf_sessions_destroy(sessions);
}

static void test_sessions__are_forgotten_when_told(void **state)
{
    (void)state;
    struct cf_sessions *sessions;
    struct cf_id user_id = {{7}};
    assert_int_equal(cf_sessions_new(&sessions), CF_OK);
    cf_sessions_remember(sessions, ours, &user_id, 1);
    cf_sessions_forget(sessions, other);
    assert_true(cf_sessions_find(sessions, ours, 2, &user_id));
    cf_sessions_forget(sessions, ours);
    assert_false(cf_sessions_find(sessions, ours, 2, &user_id));
    cf_sessions_destroy(sessions);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions__are_remembered_for_a_while),
        cmocka_unit_test(test_sessions__are_forgotten_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
