/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: addresses are read or refused, and a port that somebody else has is told from a free
 * one. Shown: on texts, and by listening on a free port and then asking for it.
 */
#include "tests/support/cmocka.h"
#include "tools/cli/listen.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_listen__reads_the_three_forms(void **state)
{
    (void)state;
    const struct {
        const char *text, *address;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080}, {"0.0.0.0:0", "0.0.0.0", 0},
        {"8080", "127.0.0.1", 8080},           {":9000", "127.0.0.1", 9000},
        {"[::1]:8080", "::1", 8080},           {"[::]:65535", "::", 65535},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cf_listen listen;
        assert_int_equal(cf_listen_parse(rows[i].text, &listen, NULL), CF_OK);
        assert_string_equal(listen.address, rows[i].address);
        assert_int_equal(listen.port, rows[i].port);
    }
}

static void test_listen__refuses_what_is_no_address(void **state)
{
    (void)state;
    const char *const texts[] = {
        "",           "localhost:80",
        "127.0.0.1:", "127.0.0.1:65536",
        "1.2.3:80",   "127.0.0.1:80x",
        "-1",         "[::1]",
        "[]:80",      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cf_listen listen;
        struct cf_fault fault = {0};
        assert_int_equal(cf_listen_parse(texts[i], &listen, &fault), CF_INVALID);
        assert_non_null(strstr(fault.text, "ADDRESS:PORT"));
    }
}

static void test_listen__tells_a_taken_port_from_a_free_one(void **state)
{
    (void)state;
    struct cf_listen here = {.address = "127.0.0.1"};
    struct cf_fault fault = {0};
    assert_int_equal(cf_listen_check(&here, &fault), CF_OK);
    assert_true(here.port > 0);

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(here.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(cf_listen_check(&here, &fault), CF_CONFLICT);
    assert_non_null(strstr(fault.text, "--listen"));
    close(fd);
    assert_int_equal(cf_listen_check(&here, &fault), CF_OK);

    struct cf_listen foreign = {.address = "203.0.113.7", .port = 8080};
    assert_int_equal(cf_listen_check(&foreign, &fault), CF_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listen__reads_the_three_forms),
        cmocka_unit_test(test_listen__refuses_what_is_no_address),
        cmocka_unit_test(test_listen__tells_a_taken_port_from_a_free_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
