/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a network gets its burst, then its share per minute; others are not touched by it.
 * Shown: with times that the test makes up.
 */
#include "api/rate.h"
#include "tests/support/cmocka.h"

#include <arpa/inet.h>

static struct sockaddr_in6 client(const char *address)
{
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, address, &peer.sin6_addr), 1);
    return peer;
}

static void test_rate__gives_the_burst_then_the_share(void **state)
{
    (void)state;
    struct cf_rate *rate;
    assert_int_equal(cf_rate_new(5, 60, &rate), CF_OK);
    struct sockaddr_in6 peer = client("::ffff:192.0.2.1");
    int64_t now_us = INT64_C(1000000000);
    for (int i = 0; i < 5; i++)
        assert_true(cf_rate_take(rate, &peer, now_us));
    assert_false(cf_rate_take(rate, &peer, now_us));
    assert_false(cf_rate_take(rate, &peer, now_us + 999999));
    assert_true(cf_rate_take(rate, &peer, now_us + 1000000));
    assert_false(cf_rate_take(rate, &peer, now_us + 1000000));
    cf_rate_destroy(rate);
}

static void test_rate__counts_an_ipv6_network_as_one(void **state)
{
    (void)state;
    struct cf_rate *rate;
    assert_int_equal(cf_rate_new(1, 1, &rate), CF_OK);
    struct sockaddr_in6 one = client("2001:db8:1:1::1");
    struct sockaddr_in6 neighbour = client("2001:db8:1:1:ffff::2");
    struct sockaddr_in6 other = client("2001:db8:1:2::1");
    assert_true(cf_rate_take(rate, &one, 1));
    assert_false(cf_rate_take(rate, &neighbour, 1));
    assert_true(cf_rate_take(rate, &other, 1));
    cf_rate_destroy(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate__gives_the_burst_then_the_share),
        cmocka_unit_test(test_rate__counts_an_ipv6_network_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
